using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Storage;

/// <summary>The row about the database as a whole. A database that is empty but for its tables has none.</summary>
public sealed class StoreEntity
{
    public const int Only = 1;

    public int Id { get; init; } = Only;

    /// <summary>A random text, new whenever the database is created: feed positions of another database are gone.</summary>
    public required string Incarnation { get; init; }

    /// <summary>The epoch, see <see cref="StoreEpoch"/>.</summary>
    public long Epoch { get; set; }

    /// <summary>The last position in the feed of all accounts in each earlier epoch: <c>epoch:transaction:row</c>, separated by spaces.</summary>
    public string EndedEpochs { get; set; } = "";

    /// <summary>The reason why the next start opens a new epoch, for the log; null: it does not. It is set in every copy that the gateway makes.</summary>
    public string? Restored { get; set; }

    /// <summary>A random text that is replaced now and then while the gateway works; see <see cref="StoreStamp"/>.</summary>
    public string Stamp { get; set; } = "";

    /// <summary>The identity of this copy of the database at its server; empty on SQLite. See <see cref="DatabaseIdentity"/>.</summary>
    public string Identity { get; set; } = "";

    /// <summary>The last position in the feed of all accounts that retention has deleted: epoch, transaction and row. Readers before it have missed changes.</summary>
    public long PurgedEpoch { get; set; }

    public long PurgedTransaction { get; set; }

    public long PurgedRow { get; set; }
}

public sealed class StoreConfiguration : IEntityTypeConfiguration<StoreEntity>
{
    public void Configure(EntityTypeBuilder<StoreEntity> builder)
    {
        builder.ToTable("store");
        builder.HasKey(store => store.Id);
        builder.Property(store => store.Id).ValueGeneratedNever();
        builder.Property(store => store.Incarnation).HasMaxLength(16);
    }
}
