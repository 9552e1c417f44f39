using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Http;

/// <summary>A request with an Idempotency-Key. The row is written before the request is executed, and gets its response afterwards.</summary>
public sealed class IdempotencyRecord
{
    /// <summary>The SHA-256, in hex, of credential, method, path and key.</summary>
    public required string Id { get; init; }

    /// <summary>The HMAC of the payload under <see cref="PayloadKey"/>.</summary>
    public required byte[] PayloadHash { get; set; }

    /// <summary>
    /// The key of the HMAC, random for each row and encrypted. A reader of the database alone cannot test guesses of the payload (a password) against its hash.
    /// </summary>
    public required byte[] PayloadKey { get; set; }

    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>The encrypted response; null while the request is executed, or if the process crashed meanwhile.</summary>
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
