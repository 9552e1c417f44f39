using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ImapGateway.Http;

namespace ImapGateway.Keys;

/// <summary>A key as clients see it.</summary>
public sealed record Key
{
    public required string Id { get; init; }
    public required string Name { get; init; }

    /// <summary>mail.readBasic, mail.read, mail.write, mail.send, accounts, webhooks, admin.</summary>
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary>Ids of the accounts it is limited to; null: all that the key which made it may see, now and later.</summary>
    public required ImmutableArray<string>? Accounts { get; init; }

    /// <summary>Its own end; a key never outlives the one that made it.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The id of the key that made it; null for the admin key of the settings.</summary>
    public required string? CreatedBy { get; init; }

    /// <summary>Null: never used.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>How its value begins.</summary>
    public required string Hint { get; init; }

    /// <summary>The value, in the answer to its creation and nowhere else.</summary>
    [JsonPropertyName("key"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Value { get; init; }

    public static Key Of(ApiKey key, DateTimeOffset? lastUse, string? value = null) => new()
    {
        Id = key.Id,
        Name = key.Name,
        Scopes = Http.Scopes.NamesOf(key.Scopes),
        Accounts = key.Accounts,
        ExpiresAt = key.ExpiresAt,
        CreatedAt = key.CreatedAt,
        CreatedBy = key.CreatedBy,
        LastUsedAt = lastUse ?? key.LastUsedAt,
        Hint = key.Hint,
        Value = value,
    };
}

/// <summary>What a new key shall be.</summary>
public sealed record NewKey
{
    /// <summary>1 to 100 characters.</summary>
    public required string Name { get; init; }
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary>Null or absent: all that the caller may see, now and later.</summary>
    public ImmutableArray<string>? Accounts { get; init; }

    /// <summary>In the future; null or absent: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A JSON merge patch (RFC 7396) of a key.</summary>
public sealed record KeyPatch
{
    public Optional<string?> Name { get; init; }
    public Optional<ImmutableArray<string>?> Scopes { get; init; }
    public Optional<ImmutableArray<string>?> Accounts { get; init; }
    public Optional<DateTimeOffset?> ExpiresAt { get; init; }
}
