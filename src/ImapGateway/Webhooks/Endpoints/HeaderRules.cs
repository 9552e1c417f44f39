using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.RegularExpressions;
using ImapGateway.Mail;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The rules for additional headers that are sent to an endpoint.</summary>
public static partial class HeaderRules
{
    private const int Most = 20;
    private const int LongestValue = 4096;

    /// <summary>The headers of a single connection (RFC 9110 section 7.6.1), and those that the gateway sets itself.</summary>
    private static readonly FrozenSet<string> Refused = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Host", "Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Expect", "HTTP2-Settings",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <param name="present">The present headers.</param>
    /// <param name="changes">The headers to set, and with null to remove. Null removes all.</param>
    public static ImmutableDictionary<string, string> Merge(ImmutableDictionary<string, string> present, ImmutableDictionary<string, string?>? changes)
    {
        var merged = changes is null ? present.Clear() : present;
        foreach (var (name, value) in changes ?? ImmutableDictionary<string, string?>.Empty)
        {
            // The name is removed first, so that it takes the spelling given last.
            merged = merged.Remove(name);
            merged = value is null ? merged : merged.Add(name, value);
        }
        return merged;
    }

    public static void Check(ImmutableDictionary<string, string?>? headers, RequestErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in headers ?? ImmutableDictionary<string, string?>.Empty)
        {
            var at = "/headers/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
            if (!Token().IsMatch(name))
            {
                errors.Member(at, "It is not the name of a header.");
            }
            else if (Refused.Contains(name) || name.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase))
            {
                errors.Member(at, "This header is the gateway's own to send.");
            }
            else if (!seen.Add(name))
            {
                errors.Member(at, "It is given twice.");
            }
            if (value is not null && (value.Length > LongestValue || value.Any(c => c is not '\t' and (< ' ' or > '~'))))
            {
                errors.Member(at, $"A value has at most {LongestValue} visible ASCII characters.");
            }
        }
    }

    public static void CheckCount(int count, RequestErrors errors)
    {
        if (count > Most)
        {
            errors.Member("/headers", $"{Most} headers at most can be sent along.");
        }
    }

    /// <summary>A header name (RFC 9110 section 5.6.2).</summary>
    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\z")]
    private static partial Regex Token();
}
