using System.Globalization;
using System.Text;
using ImapGateway.Mail;

namespace ImapGateway.Mailboxes;

/// <summary>Checks paths and names that no mailbox may have, whatever the server would do. It has no state.</summary>
public static class MailboxText
{
    public const int LongestPath = 1000;
    public const int LongestName = 255;

    /// <summary>
    /// Returns what is wrong with a path or name by itself; null: nothing. The rules are RFC 6855 section 3, and no wildcards: LIST could not name such a mailbox (RFC 3501 section 6.3.8).
    /// </summary>
    public static string? Fault(string? text, int longest)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return "It must not be empty.";
        }
        if (text.Length > longest)
        {
            return $"It is longer than {longest} characters.";
        }
        if (!InputText.IsPlain(text) || text.Contains('\uFFFD', StringComparison.Ordinal))
        {
            return $"{InputText.Expectation} Neither is U+FFFD, which stands for broken text.";
        }
        return text.AsSpan().ContainsAny("*%") ? "The wildcards * and % are not allowed." : null;
    }

    /// <summary>Returns what is wrong with a name at a server with this delimiter.</summary>
    public static string? NameFault(string name, string? delimiter) =>
        delimiter is { Length: > 0 } && name.Contains(delimiter, StringComparison.Ordinal) ? $"It must not contain the server's delimiter '{delimiter}'. Give a path, or name and parentId." : null;

    /// <summary>Returns what is wrong with a path at a server with this delimiter.</summary>
    public static string? PathFault(string path, string? delimiter) =>
        delimiter is { Length: > 0 } && path.Split(delimiter).Any(string.IsNullOrWhiteSpace) ? $"No level of the path may be empty: it must neither begin nor end with '{delimiter}', nor hold two in a row." : null;

    /// <summary>True if the server may change the spelling. Some servers compose such letters, and then list another path than the one given. The runtime cannot: it is built without ICU.</summary>
    public static bool MayBeRespelt(string path) => path.EnumerateRunes().Any(rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark);

    /// <summary>Returns the paths above this one, the topmost first.</summary>
    public static IEnumerable<string> Above(string path, string? delimiter)
    {
        if (delimiter is { Length: > 0 })
        {
            for (var at = path.IndexOf(delimiter, StringComparison.Ordinal); at > 0; at = path.IndexOf(delimiter, at + delimiter.Length, StringComparison.Ordinal))
            {
                yield return path[..at];
            }
        }
    }
}
