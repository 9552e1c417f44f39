using ImapGateway.Accounts;
using ImapGateway.Imap;

namespace ImapGateway.Messages.Sections;

/// <summary>What an answer says of a section before its first octet.</summary>
/// <param name="ContentType">In lower case, without parameters.</param>
/// <param name="Charset">As the sender wrote it; null where there is none, or us-ascii, which servers put where there is none.</param>
/// <param name="Filename">Without any path.</param>
/// <param name="IsAttachment">The sender wants it to be saved, not shown.</param>
/// <param name="IsEncoded">Its length is known once it has been decoded to its end.</param>
[GenerateSerializer, Immutable]
public sealed record FoundSection(string ContentType, string? Charset, string? Filename, bool IsAttachment, bool IsEncoded);

/// <summary>Looks whether the message is still there, and what the section is.</summary>
/// <param name="OnlyMessage">What the section is was told once, and stays so: null is answered, and nothing is fetched for it.</param>
[GenerateSerializer, Immutable]
public sealed record FindSection(SectionRef Section, bool OnlyMessage) : AccountCommand<FoundSection?>
{
    public override string? Target => Section.ToString();

    public override async Task<FoundSection?> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var (mailbox, _) = account.Mailboxes.FindMessage(Section.Id);
        await account.Mailboxes.UpToDateAsync(mailbox, cancel);
        if (OnlyMessage)
        {
            account.Mailboxes.FindMessage(Section.Id);
            return null;
        }
        var (section, headers, part) = await Section.LocateAsync(account, cancel);
        return part is null
            ? new FoundSection("message/rfc822", null, Filenames.OfMessage(headers.Subject) ?? $"{Section.Id}.eml", IsAttachment: true, section.IsEncoded)
            : new FoundSection(part.ContentType, part.Charset?.Equals("us-ascii", StringComparison.OrdinalIgnoreCase) == true ? null : part.Charset, part.Filename, part.Disposition == "attachment", section.IsEncoded);
    }
}
