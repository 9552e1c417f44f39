using System.Collections.Immutable;
using System.Text.Json;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>Encrypts the secrets of an endpoint. A ciphertext is bound to its endpoint and use: copied to another row it cannot be read.</summary>
public sealed class WebhookProtector(IDataProtectionProvider provider)
{
    private readonly IDataProtector _protector = provider.CreateProtector("ImapGateway.Webhooks.Endpoint");

    public string ProtectSecret(string webhook, string secret) => For(webhook, "secret").Protect(secret);

    /// <returns>The bytes to sign with, or null if the secret cannot be decrypted.</returns>
    public byte[]? Key(string webhook, string stored) => Read(() => WebhookSecret.KeyOf(For(webhook, "secret").Unprotect(stored)));

    /// <returns>The ciphertext, or null if there are no headers.</returns>
    public string? ProtectHeaders(string webhook, ImmutableDictionary<string, string> headers) =>
        headers.IsEmpty ? null : For(webhook, "headers").Protect(JsonSerializer.Serialize(headers, JsonSerializerOptions.Default));

    /// <returns>The headers, or null if they cannot be decrypted.</returns>
    public ImmutableDictionary<string, string>? Headers(string webhook, string? stored) => stored is null
        ? ImmutableDictionary<string, string>.Empty.WithComparers(StringComparer.OrdinalIgnoreCase)
        : Read(() => JsonSerializer.Deserialize<ImmutableDictionary<string, string>>(For(webhook, "headers").Unprotect(stored), JsonSerializerOptions.Default)!
            .WithComparers(StringComparer.OrdinalIgnoreCase));

    private static T? Read<T>(Func<T> read) where T : class
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (Ciphertext.IsUnreadable(failure))
        {
            return null;
        }
    }

    private IDataProtector For(string webhook, string use) => _protector.CreateProtector(webhook, use);
}
