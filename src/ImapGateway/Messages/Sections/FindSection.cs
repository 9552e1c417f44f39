using ImapGateway.Accounts;
using ImapGateway.Cache;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Messages.Sections;

/// <summary>What an answer says of a section before its first octet.</summary>
/// <param name="ContentType">In lower case, without parameters.</param>
/// <param name="Charset">As the sender wrote it; null where there is none, or us-ascii, which servers put where there is none.</param>
/// <param name="Filename">Without any path.</param>
/// <param name="IsAttachment">The sender wants it to be saved, not shown.</param>
/// <param name="IsEncoded">Its length is known once it has been decoded to its end.</param>
[GenerateSerializer, Immutable]
public sealed record FoundSection(string ContentType, string? Charset, string? Filename, bool IsAttachment, bool IsEncoded)
{
    /// <summary>Octets of it that are kept by the gateway; null: it is not.</summary>
    [Id(0)] public long? Stored { get; init; }
}

/// <summary>
/// Looks whether the message is still there, and what the section is. What the gateway has of it goes by what is known of the mailbox; else the server is asked, which alone tells
/// where a message that was moved is now.
/// </summary>
/// <param name="OnlyMessage">What the section is was told once, and stays so: no value is answered, and nothing is fetched for it.</param>
[GenerateSerializer, Immutable]
public sealed record FindSection(SectionRef Section, bool OnlyMessage, Freshness Freshness) : AccountCommand<Tagged<FoundSection>>
{
    public override string? Target => Section.ToString();

    public override async Task<Tagged<FoundSection>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var (mailbox, row) = account.Mailboxes.FindMessage(Section.Id);
        var stored = await account.Stored.LengthAsync(new HeaderKey(mailbox.Counter, mailbox.UidValidity, row.Uid), Section.Name);
        var stale = await account.Mailboxes.ReadyAsync(mailbox, OnlyMessage || stored is not null ? Freshness : Freshness.Revalidated, cancel);
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
