using ImapGateway.Accounts;
using ImapGateway.Cache;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Messages.Sections;

/// <summary>A section that exists.</summary>
/// <param name="Message">The message that contains it.</param>
/// <param name="Section">The section to request from the mail server.</param>
/// <param name="Headers">The headers of the message.</param>
/// <param name="Part">The properties of the part by the structure of the message; null: the message itself.</param>
public sealed record LocatedSection(HeaderKey Message, Section Section, MessageHeaders Headers, MessagePart? Part);

/// <summary>A message as it was sent, or one part of it without its transfer encoding. Its octets never change.</summary>
/// <param name="Id">The id of the message.</param>
/// <param name="Part">The part number as in <see cref="MessagePart.Part"/>; null: the message itself.</param>
[GenerateSerializer, Immutable]
public sealed record SectionRef(string Id, string? Part)
{
    private const string SevenBit = "7bit";

    public override string ToString() => Part is null ? Id : $"{Id}.{Part}";

    /// <summary>The strong entity tag; it is constant, since the octets never change.</summary>
    public string Tag => EntityTags.Format(ToString());

    /// <summary>The name among the sections of its message (<see cref="Imap.Section.Name"/>).</summary>
    public string Name => Part ?? "";

    /// <summary>Finds the section, and its properties by the structure of the message.</summary>
    /// <exception cref="ProblemException">404 if it never existed, 410 if the message is gone.</exception>
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
