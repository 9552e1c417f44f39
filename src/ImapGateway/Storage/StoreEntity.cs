using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Storage;

/// <summary>The one row about the database as a whole. A database that is empty but for its tables has none.</summary>
public sealed class StoreEntity
{
    public const int Only = 1;

    public int Id { get; init; } = Only;

    /// <summary>Random, new whenever the database is made anew: positions of another one are gone.</summary>
    public required string Incarnation { get; init; }

    /// <summary>See <see cref="StoreEpoch"/>.</summary>
    public long Epoch { get; set; }

    /// <summary>How far the feed of all accounts was at the end of each earlier epoch: <c>epoch:transaction:row</c>, separated by spaces.</summary>
    public string EndedEpochs { get; set; } = "";

    /// <summary>Why the next start opens a new epoch, for the log; null: it does not. Set in every copy that the gateway makes.</summary>
    public string? Restored { get; set; }

    /// <summary>Random and replaced now and then while the gateway works; see <see cref="StoreStamp"/>.</summary>
    public string Stamp { get; set; } = "";

    /// <summary>What identifies this copy of the database at its server; empty on SQLite. See <see cref="DatabaseIdentity"/>.</summary>
    public string Identity { get; set; } = "";

    /// <summary>The last place in the feed of all accounts that retention has deleted: epoch, transaction and row. Readers before it have missed something.</summary>
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
