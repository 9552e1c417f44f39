using ImapGateway.Accounts;
using ImapGateway.Cache;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Messages.Sections;

/// <summary>A section that there is.</summary>
/// <param name="Message">Where it lies.</param>
/// <param name="Section">What to ask the mail server for.</param>
/// <param name="Headers">Of the message.</param>
/// <param name="Part">What the message says of it; null: the message itself.</param>
public sealed record LocatedSection(HeaderKey Message, Section Section, MessageHeaders Headers, MessagePart? Part);

/// <summary>A message as it was sent, or one part of it without its transfer encoding. Its octets never change.</summary>
/// <param name="Id">Of the message.</param>
/// <param name="Part">As in <see cref="MessagePart.Part"/>; null: the message itself.</param>
[GenerateSerializer, Immutable]
public sealed record SectionRef(string Id, string? Part)
{
    private const string SevenBit = "7bit";

    public override string ToString() => Part is null ? Id : $"{Id}.{Part}";

    /// <summary>Strong, for its octets never change.</summary>
    public string Tag => EntityTags.Format(ToString());

    /// <summary>Its name among the sections of its message (<see cref="Imap.Section.Name"/>).</summary>
    public string Name => Part ?? "";

    /// <summary>Where it is, and what the message says of it.</summary>
    /// <exception cref="ProblemException">404 where there never was one, 410 where the message is gone.</exception>
    public async Task<LocatedSection> LocateAsync(AccountContext account, CancellationToken cancel)
    {
        var (mailbox, row) = account.Mailboxes.FindMessage(Id);
        var (path, uidValidity, key) = (mailbox.Path, mailbox.UidValidity, new HeaderKey(mailbox.Counter, mailbox.UidValidity, row.Uid));
        var headers = (await account.Headers.ReadAsync(mailbox.Counter, path, uidValidity, [row.Uid], cancel)).GetValueOrDefault(row.Uid)
            ?? throw (AccountMailboxes.IsLeaving(mailbox, row.Uid) ? MailboxDirectory.Unsettled() : new ProblemException(Problem.MessageGone));
        if (Part is null)
        {
            return new LocatedSection(key, new Section(path, uidValidity, row.Uid, Name, SevenBit, headers.Size), headers, null);
        }
        var part = headers.Parts.FirstOrDefault(part => part.Part == Part)
            ?? throw (headers.Problem is { } problem ? new ProblemException(problem) : new ProblemException(ErrorCode.NotFound, "The message has no such part."));
        return new LocatedSection(key, new Section(path, uidValidity, row.Uid, Name, part.Encoding, part.Size), headers, part);
    }
}
