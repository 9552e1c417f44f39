using ImapGateway.Accounts;
using ImapGateway.Cache;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Messages.Sections;

/// <summary>The properties of a section that a response needs before its first octet.</summary>
/// <param name="ContentType">The content type in lower case, without parameters.</param>
/// <param name="Charset">The charset as the sender wrote it; null if there is none, or for us-ascii, which servers send if there is none.</param>
/// <param name="Filename">The file name without any path.</param>
/// <param name="IsAttachment">True if the sender wants it to be saved, not shown.</param>
/// <param name="IsEncoded">True if its length is known only after it has been decoded to its end.</param>
[GenerateSerializer, Immutable]
public sealed record FoundSection(string ContentType, string? Charset, string? Filename, bool IsAttachment, bool IsEncoded)
{
    /// <summary>The number of octets if the gateway has the section on disk; null: it does not.</summary>
    [Id(0)] public long? Stored { get; init; }
}

/// <summary>
/// Finds out whether the message still exists, and the properties of the section. For a section on disk the known state of the mailbox is enough; else the server is asked, which alone shows
/// where a moved message is now.
/// </summary>
/// <param name="OnlyMessage">True if the client already has the properties of the section, which do not change: no value is returned, and nothing is fetched for it.</param>
[GenerateSerializer, Immutable]
public sealed record FindSection(SectionRef Section, bool OnlyMessage, Freshness Freshness) : AccountCommand<Tagged<FoundSection>>
{
    public override string? Target => Section.ToString();

    public override async Task<Tagged<FoundSection>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var (mailbox, row) = account.Mailboxes.FindMessage(Section.Id);
        var stored = await account.Stored.LengthAsync(new HeaderKey(mailbox.Counter, mailbox.UidValidity, row.Uid), Section.Name);
        var stale = await account.Mailboxes.Known.StaleSinceAsync(mailbox, OnlyMessage || stored is not null ? Freshness : Freshness.Revalidated, cancel);
        return new Tagged<FoundSection>(Section.Tag, await FindAsync(account, stored, cancel)) { StaleSince = stale };
    }

    private async Task<FoundSection?> FindAsync(AccountContext account, long? stored, CancellationToken cancel)
    {
        if (OnlyMessage)
        {
            account.Mailboxes.FindMessage(Section.Id);
            return null;
        }
        var (_, section, headers, part) = await Section.LocateAsync(account, cancel);
        var found = part is null
            ? new FoundSection("message/rfc822", null, Filenames.OfMessage(headers.Subject) ?? $"{Section.Id}.eml", IsAttachment: true, section.IsEncoded)
            : new FoundSection(part.ContentType, part.Charset?.Equals("us-ascii", StringComparison.OrdinalIgnoreCase) == true ? null : part.Charset, part.SavedAs, part.Disposition == "attachment", section.IsEncoded);
        return found with { Stored = stored };
    }
}
