using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>Parses message ids (RFC 5322 section 3.6.4) as their senders wrote them.</summary>
public static partial class MessageIds
{
    private const int MaxLength = 998;

    /// <summary>The maximum number of ids of one field. A thread may never end, and the newest references are last.</summary>
    private const int MaxIds = 500;

    /// <summary>Removes angle brackets and control characters. Null if nothing is left.</summary>
    public static string? Bare(string? id)
    {
        if (id is null)
        {
            return null;
        }
        var bare = HeaderText.Clean(id).TrimStart('<').TrimEnd('>').Trim();
        return bare.Length == 0 ? null : bare.Length > MaxLength ? HeaderText.Clean(bare[..MaxLength]) : bare;
    }

    /// <summary>Returns the ids of some field bodies in order, each once. Keeps the last 500, because References grow at the end.</summary>
    /// <param name="fields">The unfolded field bodies. Ids without brackets are accepted if no id has them.</param>
    public static ImmutableArray<string> In(IEnumerable<string> fields) => [.. fields
        .SelectMany(field => Bracketed().Matches(field) is { Count: > 0 } ids ? ids.Select(id => Blanks().Replace(id.Groups[1].Value, "")) : Loose().Matches(field).Select(id => id.Value))
        .Select(Bare).OfType<string>().Distinct(StringComparer.Ordinal).TakeLast(MaxIds)];

    /// <summary>Matches blanks. Some senders fold a field within an id.</summary>
    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex("<([^<>]+)>")]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"[^\s<>,;()""]+@[^\s<>,;()""]+")]
    private static partial Regex Loose();
}
