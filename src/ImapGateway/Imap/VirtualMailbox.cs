using System.Text.RegularExpressions;
using MailKit;

namespace ImapGateway.Imap;

/// <summary>
/// Detects mailboxes that show messages of other mailboxes (Dovecot's virtual plugin). Nothing in LIST or SELECT shows this. Dovecot has a FETCH item of its own, X-MAILBOX, with the mailbox that
/// contains a message. It is requested only if the server identifies itself as Dovecot (RFC 2971), in personal namespaces (RFC 2342) beside that of the inbox, and once.
/// </summary>
public static partial class VirtualMailbox
{
    /// <param name="path">The path of a mailbox that has a message.</param>
    public static async Task<bool> IsAtAsync(ImapSession session, string path)
    {
        if (!session.IsDovecot || !IsBesideInbox(session, path))
        {
            return false;
        }
        var folder = await session.SelectAsync(path);
        if (folder.Count == 0)
        {
            return false;
        }
        var answer = await session.AskAsync("FETCH 1 (UID X-MAILBOX)", () => folder.FetchAsync(0, 0, new FetchRequest(MessageSummaryItems.UniqueId)));
        return LiesIn().Match(answer) is { Success: true } match && ModifiedUtf7.Decode(match.Groups["quoted"].Success ? match.Groups["quoted"].Value : match.Groups["atom"].Value) != path;
    }

    private static bool IsBesideInbox(ImapSession session, string path) =>
        session.Client.PersonalNamespaces.Any(root => root.Path.Length > 0 && !root.Path.Equals("INBOX", StringComparison.OrdinalIgnoreCase) && path.StartsWith(root.Path + root.DirectorySeparator, StringComparison.Ordinal));

    [GeneratedRegex(@"^\* 1 FETCH \([^\r\n]*X-MAILBOX (?:""(?<quoted>[^""\r\n]*)""|(?<atom>[^ )\r\n]+))", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LiesIn();
}
