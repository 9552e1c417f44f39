using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Messages.Sections;

/// <summary>A message as it was sent, or one part of it without its transfer encoding. Its octets never change.</summary>
/// <param name="Id">Of the message.</param>
/// <param name="Part">As in <see cref="MessagePart.Part"/>; null: the message itself.</param>
[GenerateSerializer, Immutable]
public sealed record SectionRef(string Id, string? Part)
{
    private const string SevenBit = "7bit";

    public override string ToString() => Part is null ? Id : $"{Id}.{Part}";

    /// <summary>Where it is, and what the message says of it.</summary>
    /// <exception cref="ProblemException">404 where there never was one, 410 where the message is gone.</exception>
    public async Task<(Section Section, MessageHeaders Headers, MessagePart? Part)> LocateAsync(AccountContext account, CancellationToken cancel)
    {
        var (mailbox, row) = account.Mailboxes.FindMessage(Id);
        var (path, uidValidity) = (mailbox.Path, mailbox.UidValidity);
        var headers = (await account.Headers.ReadAsync(mailbox.Counter, path, uidValidity, [row.Uid], cancel)).GetValueOrDefault(row.Uid)
            ?? throw (AccountMailboxes.IsLeaving(mailbox, row.Uid) ? MailboxDirectory.Unsettled() : new ProblemException(ErrorCode.Gone, "The message is gone."));
        if (Part is null)
        {
            return (new Section(path, uidValidity, row.Uid, "", SevenBit, headers.Size), headers, null);
        }
        var part = headers.Parts.FirstOrDefault(part => part.Part == Part) ?? throw new ProblemException(ErrorCode.NotFound, "The message has no such part.");
        return (new Section(path, uidValidity, row.Uid, part.Part, part.Encoding, part.Size), headers, part);
    }
}
