using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>Message ids (RFC 5322 section 3.6.4), as their makers wrote them.</summary>
public static partial class MessageIds
{
    private const int MaxLength = 998;

    /// <summary>References of a thread that never ends; the newest are last.</summary>
    private const int MaxIds = 500;

    /// <summary>Without angle brackets and control characters; null where nothing is left.</summary>
    public static string? Bare(string? id)
    {
        if (id is null)
        {
            return null;
        }
        var bare = HeaderText.Clean(id).TrimStart('<').TrimEnd('>').Trim();
        return bare.Length == 0 ? null : bare.Length > MaxLength ? HeaderText.Clean(bare[..MaxLength]) : bare;
    }

    /// <summary>The ids of some field bodies in order, each once; the last 500, for References grow at the end.</summary>
    /// <param name="fields">Unfolded. Ids that are in no brackets are taken where none is.</param>
    public static ImmutableArray<string> In(IEnumerable<string> fields) => [.. fields
        .SelectMany(field => Bracketed().Matches(field) is { Count: > 0 } ids ? ids.Select(id => Blanks().Replace(id.Groups[1].Value, "")) : Loose().Matches(field).Select(id => id.Value))
        .Select(Bare).OfType<string>().Distinct(StringComparer.Ordinal).TakeLast(MaxIds)];

    /// <summary>Some senders fold a field within an id.</summary>
    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex("<([^<>]+)>")]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"[^\s<>,;()""]+@[^\s<>,;()""]+")]
    private static partial Regex Loose();
}
