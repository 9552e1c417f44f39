using System.Collections.Immutable;
using System.Text.RegularExpressions;
using ImapGateway.Mail;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>Address lists as records: groups flattened to their members (RFC 5322 section 3.4), entries without name and address left out.</summary>
public static partial class EmailAddresses
{
    private const int MaxDepth = 5;

    public static ImmutableArray<EmailAddress> Of(InternetAddressList? list, string? charset = null) => [.. Flat(list).Select(mailbox => Map(mailbox, charset)).OfType<EmailAddress>()];

    /// <summary>Mailboxes of groups stand where the group is. A mail server can nest groups without end: what lies too deep is left out.</summary>
    public static IEnumerable<MailboxAddress> Flat(InternetAddressList? list, int depth = 0) => (list ?? []).SelectMany(entry => entry switch
    {
        MailboxAddress mailbox => [mailbox],
        GroupAddress group when depth < MaxDepth => Flat(group.Members, depth + 1),
        _ => [],
    });

    /// <summary>What looks like an address in a field that no parser takes, else its text as a name: something to show beats nothing.</summary>
    public static ImmutableArray<EmailAddress> Salvage(string text)
    {
        var found = LooseAddress().Matches(text).Select(match => new EmailAddress(null, match.Value)).ToImmutableArray();
        return found.IsEmpty && text.Length > 0 ? [new EmailAddress(text, "")] : found;
    }

    private static EmailAddress? Map(MailboxAddress mailbox, string? charset)
    {
        var name = Text(mailbox.Name, charset);
        var address = Text(mailbox.Address, charset) ?? "";
        return name is null && address.Length == 0 ? null : new EmailAddress(name, address);
    }

    private static string? Text(string? text, string? charset) =>
        text is { Length: > 0 } && HeaderText.Clean(HeaderText.Repair(text, charset)!) is { Length: > 0 } clean ? clean : null;

    [GeneratedRegex("""[^\s<>"(),:;@]{1,64}@[^\s<>"(),:;@]{1,255}""")]
    private static partial Regex LooseAddress();
}
