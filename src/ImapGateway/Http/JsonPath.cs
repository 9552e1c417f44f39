using System.Collections.Immutable;

namespace ImapGateway.Http;

/// <summary>Converts paths as <see cref="System.Text.Json.JsonException.Path"/> writes them (<c>$.a[0]['b.c']</c>) to JSON pointers (RFC 6901: <c>/a/0/b.c</c>).</summary>
public static class JsonPath
{
    public static ImmutableArray<string> Segments(string? path)
    {
        var segments = ImmutableArray.CreateBuilder<string>();
        var rest = path is null ? "" : path.AsSpan().TrimStart('$');
        while (rest.Length > 0)
        {
            if (rest.StartsWith("['"))
            {
                var end = EndOfQuoted(rest);
                segments.Add(rest[2..end].ToString());
                rest = rest[Math.Min(rest.Length, end + 2)..];
            }
            else
            {
                var body = rest[1..];
                var end = rest[0] == '[' ? body.IndexOf(']') : body.IndexOfAny('.', '[');
                end = end < 0 ? body.Length : end;
                segments.Add(body[..end].ToString());
                rest = body[end..].TrimStart(']');
            }
        }
        return segments.ToImmutable();
    }

    /// <summary>Returns a JSON pointer (RFC 6901 section 3); "" is the whole document.</summary>
    public static string Pointer(IEnumerable<string> segments) =>
        string.Concat(segments.Select(segment => "/" + segment.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));

    /// <summary>Returns the end of a quoted name. The name is not escaped: its end is a <c>']</c> after which the path goes on or ends.</summary>
    private static int EndOfQuoted(ReadOnlySpan<char> rest)
    {
        for (var i = 2; i < rest.Length - 1; i++)
        {
            if (rest[i..].StartsWith("']") && (i + 2 == rest.Length || rest[i + 2] is '.' or '['))
            {
                return i;
            }
        }
        return rest.Length;
    }
}
