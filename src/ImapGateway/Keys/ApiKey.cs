using System.Collections.Immutable;
using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.Responses;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Keys;

/// <summary>A key as stored: the SHA-256 of its value and a hint. Its rights also depend on the keys that it was made by, see <see cref="KeyRights"/>.</summary>
public sealed class ApiKey : ICreated
{
    public required string Id { get; init; }
    public required byte[] Sha256 { get; init; }
    public required string Hint { get; init; }
    public required string Name { get; set; }
    public required Scope Scopes { get; set; }

    /// <summary>The accounts that the key is limited to; null: no limit of its own.</summary>
    public required ImmutableArray<string>? Accounts { get; set; }

    /// <summary>The time of expiry; null: never.</summary>
    public required DateTimeOffset? ExpiresAt { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The key that made it; null for the admin key of the settings.</summary>
    public required string? CreatedBy { get; init; }

    /// <summary>The time of the last use; written once a minute at most.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }
}

public sealed class ApiKeyConfiguration : IEntityTypeConfiguration<ApiKey>
{
    public void Configure(EntityTypeBuilder<ApiKey> builder)
    {
        builder.ToTable("api_key");
        builder.HasKey(key => key.Id);
        builder.Property(key => key.Id).HasMaxLength(64);
        builder.HasIndex(key => key.Sha256).IsUnique();
        builder.HasIndex(key => new { key.CreatedAt, key.Id });
        builder.HasIndex(key => key.CreatedBy);
        builder.Property(key => key.Accounts).HasConversion(
            accounts => JsonSerializer.Serialize(accounts, JsonSerializerOptions.Default),
            // A key whose limit cannot be read sees no account at all.
            text => text == "null" ? null : StoredJson.Read<ImmutableArray<string>?>(text, ImmutableArray<string>.Empty, JsonSerializerOptions.Default),
            new ValueComparer<ImmutableArray<string>?>((a, b) => a.Equals(b), accounts => accounts.GetHashCode(), accounts => accounts));
    }
}
