using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Http;

/// <summary>A request with an Idempotency-Key: claimed before it acts, answered after.</summary>
public sealed class IdempotencyRecord
{
    /// <summary>SHA-256, in hex, of credential, method, path and key.</summary>
    public required string Id { get; init; }

    /// <summary>HMAC of the payload under <see cref="PayloadKey"/>.</summary>
    public required byte[] PayloadHash { get; set; }

    /// <summary>
    /// Random for each row and encrypted: whoever reads the database alone cannot try guesses of what the payload held (a password) against its hash.
    /// </summary>
    public required byte[] PayloadKey { get; set; }

    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>Encrypted; null while at work, or where a crash came in between.</summary>
    public byte[]? Answer { get; set; }
}

public sealed class IdempotencyRecordConfiguration : IEntityTypeConfiguration<IdempotencyRecord>
{
    public void Configure(EntityTypeBuilder<IdempotencyRecord> builder)
    {
        builder.ToTable("idempotency");
        builder.HasKey(record => record.Id);
        builder.Property(record => record.Id).HasMaxLength(64);
        builder.HasIndex(record => record.ExpiresAt);
    }
}
