using ImapGateway.Mail;
using Microsoft.Extensions.Primitives;

namespace ImapGateway.Http;

/// <summary>The request header <c>Idempotency-Key</c>: a quoted string (RFC 9651 section 3.3.3) or, as many clients send it, bare.</summary>
public static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";
    public const int MaxLength = 255;

    /// <summary>Marks a route whose POSTs with the same key are done once. The route creates something, and takes JSON.</summary>
    public static TBuilder Idempotent<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new IdempotentRoute());

    /// <summary>Returns the key without quotes, or null if none was sent. Anything else is a 400.</summary>
    public static string? Of(StringValues header)
    {
        if (header.Count == 0)
        {
            return null;
        }
        var key = header.Count == 1 ? Unquote(header[0]!.Trim()) : null;
        return key is { Length: > 0 and <= MaxLength } && key.All(each => each is >= ' ' and <= '~')
            ? key
            : throw RequestErrors.OfParameter(Header, $"One key of 1 to {MaxLength} visible ASCII characters is expected, quoted or bare.");
    }

    private static string? Unquote(string text)
    {
        if (!text.StartsWith('"'))
        {
            return text.AsSpan().ContainsAny(" \",") ? null : text;
        }
        var key = new System.Text.StringBuilder();
        for (var i = 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    return i == text.Length - 1 ? key.ToString() : null;
                case '\\' when i + 1 < text.Length && text[i + 1] is '"' or '\\':
                    key.Append(text[++i]);
                    break;
                case '\\':
                    return null;
                default:
                    key.Append(text[i]);
                    break;
            }
        }
        return null;
    }
}

public sealed record IdempotentRoute;
