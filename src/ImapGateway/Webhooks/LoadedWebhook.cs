using System.Collections.Immutable;

namespace ImapGateway.Webhooks;

/// <summary>An endpoint ready for work: its row, and what of it had to be decrypted or parsed first.</summary>
public sealed record LoadedWebhook(WebhookEntity Row, Uri Url, ChangeFilter Filter, byte[] Key, byte[]? PreviousKey, ImmutableDictionary<string, string> Headers)
{
    private static readonly Uri NoUrl = new("https://invalid/");

    /// <summary>One of <see cref="DisableReason"/>: why nothing can be sent to it until it is changed; null where it can.</summary>
    public string? Fault { get; private init; }

    /// <summary>Never fails because of what the row holds.</summary>
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

    /// <summary>The newest first; the one before for the overlap of a rotation.</summary>
    public IEnumerable<byte[]> Keys(DateTimeOffset now) => PreviousKey is not null && now < Row.PreviousSecretUntil ? [Key, PreviousKey] : [Key];
}
