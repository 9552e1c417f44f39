using System.Collections.Immutable;

namespace ImapGateway.Webhooks;

/// <summary>An endpoint ready for work: its row, and what of it had to be decrypted or parsed first.</summary>
public sealed record LoadedWebhook(WebhookEntity Row, Uri Url, ChangeFilter Filter, byte[] Key, byte[]? PreviousKey, ImmutableDictionary<string, string> Headers)
{
    public static LoadedWebhook Of(WebhookEntity row, WebhookProtector protector) => new(
        row,
        new Uri(row.Url),
        new ChangeFilter(row),
        Signer.KeyOf(protector.Secret(row.Id, row.Secret)),
        row.PreviousSecret is { } previous ? Signer.KeyOf(protector.Secret(row.Id, previous)) : null,
        protector.Headers(row.Id, row.HeaderSecret));

    /// <summary>The newest first; the one before for the overlap of a rotation.</summary>
    public IEnumerable<byte[]> Keys(DateTimeOffset now) => PreviousKey is not null && now < Row.PreviousSecretUntil ? [Key, PreviousKey] : [Key];
}
