using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Responses;

namespace ImapGateway.Keys;

/// <summary>A key as clients see it.</summary>
public sealed record Key
{
    /// <summary>The id for the addresses below /v1/keys; it says nothing about the value.</summary>
    /// <example>key_q5nzb3wk7ra2d</example>
    public required string Id { get; init; }

    /// <summary>The purpose, as its maker wrote it.</summary>
    /// <example>mail client</example>
    public required string Name { get; init; }

    /// <summary>The scopes of the key.</summary>
    /// <example>["mail.read", "mail.write"]</example>
    [SchemaOf(typeof(Scope[]))]
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary>The ids of the accounts that it is limited to; null: all that the key which made it may see, now and later.</summary>
    public required ImmutableArray<string>? Accounts { get; init; }

    /// <summary>The time of expiry of the key itself; a key never outlives the one that made it.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The time of its creation.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The id of the key that made it; null for the admin key of the settings.</summary>
    public required string? CreatedBy { get; init; }

    /// <summary>The time of the last use; null: never used.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>The first characters of the value.</summary>
    /// <example>igk_Zk3v</example>
    public required string Hint { get; init; }

    /// <summary>The value; only the response to the creation contains it.</summary>
    [JsonPropertyName("key"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Value { get; init; }

    public static Key Of(ApiKey key, DateTimeOffset? lastUse, string? value = null) => new()
    {
        Id = key.Id,
        Name = key.Name,
        Scopes = Access.Scopes.NamesOf(KeyRights.Known(key.Scopes)),
        Accounts = key.Accounts,
        ExpiresAt = key.ExpiresAt,
        CreatedAt = key.CreatedAt,
        CreatedBy = key.CreatedBy,
        LastUsedAt = lastUse ?? key.LastUsedAt,
        Hint = key.Hint,
        Value = value,
    };
}

/// <summary>The settings of a new key.</summary>
public sealed record NewKey
{
    /// <summary>The purpose: 1 to 100 characters.</summary>
    /// <example>mail client</example>
    public required string Name { get; init; }

    /// <summary>The scopes, at least one.</summary>
    /// <example>["mail.read", "mail.write"]</example>
    [SchemaOf(typeof(Scope[]))]
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary>The ids of the accounts that it is limited to; null or absent: all that the caller may see, now and later.</summary>
    /// <example>["acc_k3v7q2mzp4x6a"]</example>
    public ImmutableArray<string>? Accounts { get; init; }

    /// <summary>The time of expiry, in the future; null or absent: never.</summary>
    /// <example>2030-01-01T00:00:00Z</example>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A JSON merge patch (RFC 7396) of a key.</summary>
public sealed record KeyPatch
{
    /// <summary>The purpose: 1 to 100 characters.</summary>
    /// <example>mail client</example>
    public Optional<string?> Name { get; init; }

    /// <summary>The scopes, at least one.</summary>
    /// <example>["mail.readBasic"]</example>
    [SchemaOf(typeof(Scope[]))]
    public Optional<ImmutableArray<string>?> Scopes { get; init; }

    /// <summary>The ids of the accounts that it is limited to; null: all that the key which made it may see, now and later.</summary>
    public Optional<ImmutableArray<string>?> Accounts { get; init; }

    /// <summary>The time of expiry, in the future; null: never.</summary>
    /// <example>2030-01-01T00:00:00Z</example>
    public Optional<DateTimeOffset?> ExpiresAt { get; init; }
}
