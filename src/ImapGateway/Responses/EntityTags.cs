using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.Responses;

/// <summary>
/// Evaluates preconditions on entity tags (RFC 9110 section 13.1). A header that cannot be parsed matches nothing: an invalid If-Match must fail, and an invalid
/// If-None-Match must not hide the response.
/// </summary>
public static class EntityTags
{
    private const int DigestLength = 12;

    /// <summary>Formats a strong tag, or a weak one (RFC 9110 section 8.8.3). The text must have no quotes, blanks or control characters.</summary>
    public static string Format(string opaque, bool isWeak = false) => isWeak ? $"W/\"{opaque}\"" : $"\"{opaque}\"";

    /// <summary>Returns a digest that is the same for the same text, and for no other.</summary>
    public static string Digest(string text) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, DigestLength));

    /// <summary>Returns a digest that is the same for values that are the same as JSON.</summary>
    public static string DigestOf(object value) => Base64Url.EncodeToString(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), JsonSerializerOptions.Web)).AsSpan(0, DigestLength));

    /// <summary>True if If-None-Match says that the client has the representation: 304 for GET and HEAD, 412 else. Compares weakly (RFC 9110 section 13.1.2).</summary>
    public static bool IsKnown(StringValues ifNoneMatch, string? current) => Matches(ifNoneMatch, current, strongly: false);

    /// <summary>True if If-Match is absent or holds; else 412. Compares strongly (RFC 9110 section 13.1.1).</summary>
    /// <param name="ifMatch">The header.</param>
    /// <param name="current">The tag of the present representation; null if there is none, and then <c>*</c> fails too.</param>
    public static bool Allows(StringValues ifMatch, string? current) => ifMatch.Count == 0 || Matches(ifMatch, current, strongly: true);

    /// <summary>
    /// True if If-Match is absent, or one of its strong tags begins with this state: <c>state.variant</c>. Whichever representation of a state the client has
    /// read, it is the same state that it wants to change.
    /// </summary>
    /// <param name="ifMatch">The header.</param>
    /// <param name="state">The present state; null if there is none, and then <c>*</c> fails too.</param>
    public static bool AllowsState(string? ifMatch, string? state)
    {
        if (ifMatch is null)
        {
            return true;
        }
        return state is not null && EntityTagHeaderValue.TryParseList([ifMatch], out var tags)
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (!tag.IsWeak && tag.Tag.StartsWith($"\"{state}.", StringComparison.Ordinal)));
    }

    /// <summary>
    /// True if Range may be obeyed: If-Range is absent or names the current tag, strongly (RFC 9110 section 13.1.5). A date never matches, since the gateway sends no Last-Modified.
    /// </summary>
    public static bool AllowsRange(StringValues ifRange, string? current) =>
        ifRange.Count == 0
        || (current is not null && EntityTagHeaderValue.TryParse(ifRange.ToString(), out var given) && EntityTagHeaderValue.TryParse(current, out var own) && own.Compare(given, useStrongComparison: true));

    private static bool Matches(StringValues header, string? current, bool strongly)
    {
        if (header.Count == 0 || current is null || !EntityTagHeaderValue.TryParse(current, out var own) || !EntityTagHeaderValue.TryParseList([.. header.OfType<string>()], out var tags))
        {
            return false;
        }
        return tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || own.Compare(tag, strongly));
    }
}
