using System.Collections.Immutable;

namespace ImapGateway.Imap;

public static class MessageIds
{
    private const int MaxLength = 998;

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

    /// <summary>In order, each once; the last <paramref name="max"/>, for References grow at the end (RFC 5322 section 3.6.4).</summary>
    public static ImmutableArray<string> Of(IEnumerable<string?> ids, int max) => [.. ids.Select(Bare).OfType<string>().Distinct(StringComparer.Ordinal).TakeLast(max)];
}
