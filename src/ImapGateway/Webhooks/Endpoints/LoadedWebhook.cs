using System.Collections.Immutable;
using System.Text;
using ImapGateway.Mail;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>An endpoint ready for work: its row, and the decrypted and parsed values of the row.</summary>
public sealed record LoadedWebhook(WebhookEntity Row, Uri Url, ChangeFilter Filter, byte[] Key, byte[]? PreviousKey, ImmutableDictionary<string, string> Headers)
{
    /// <summary>The answer to an operation that needs what cannot be read.</summary>
    public static ProblemException Unreadable() => new(
        ErrorCode.Conflict, "Its secret, its headers or its settings cannot be read: rotate the secret, and give the headers and whatever else is unreadable again by PATCH.");

    private static readonly Uri NoUrl = new("https://invalid/");

    private Redaction? _secrets;

    /// <summary>The reason, one of <see cref="DisableReason"/>, why nothing can be sent to it until it is changed. Null if there is none.</summary>
    public string? Fault { get; private init; }

    /// <summary>Loads an endpoint. It never fails because of the content of the row.</summary>
    public static LoadedWebhook Of(WebhookEntity row, WebhookProtector protector)
    {
        var url = Uri.TryCreate(row.Url, UriKind.Absolute, out var parsed) ? parsed : null;
        var filter = row.HasKnownValues ? ChangeFilter.TryOf(row) : null;
        var key = protector.Key(row.Id, row.Secret);
        var headers = protector.Headers(row.Id, row.HeaderSecret);
        var previous = row.PreviousSecret is { } stored ? protector.Key(row.Id, stored) : null;
        return new LoadedWebhook(row, url ?? NoUrl, filter ?? ChangeFilter.None, key ?? [], previous, headers ?? ImmutableDictionary<string, string>.Empty)
        {
            Fault = key is null || headers is null ? DisableReason.SecretUnreadable : url is null || filter is null ? DisableReason.SettingsUnreadable : null,
        };
    }

    /// <summary>Removes secrets from the answer of a receiver, which may repeat what was sent.</summary>
    public byte[] WithoutSecrets(byte[] answer) => (_secrets ??= new Redaction(Secrets())).Apply(answer);

    /// <summary>Returns the signing keys, the newest first, and the previous one during the overlap of a rotation.</summary>
    public IEnumerable<byte[]> Keys(DateTimeOffset now) => PreviousKey is not null && now < Row.PreviousSecretUntil ? [Key, PreviousKey] : [Key];

    private IEnumerable<string> Secrets()
    {
        byte[][] keys = PreviousKey is null ? [Key] : [Key, PreviousKey];
        return keys.SelectMany(key => new[] { Convert.ToBase64String(key), Encoding.Latin1.GetString(key) }).Concat(Headers.Values.SelectMany(Credentials));
    }

    /// <summary>
    /// Returns the credentials in a header value. The value may be a credential as a whole or, as in Authorization, after a scheme; for Basic (RFC 7617) the password counts by itself. A value of
    /// three characters is no credential.
    /// </summary>
    private static IEnumerable<string> Credentials(string value)
    {
        var token = value[(value.LastIndexOf(' ') + 1)..];
        var octets = new byte[token.Length];
        var password = value.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) && Convert.TryFromBase64String(token, octets, out var length)
            ? Encoding.UTF8.GetString(octets, 0, length).Split(':', 2)[^1] : "";
        return new[] { value, token, password }.Where(one => one.Length > 3);
    }
}
