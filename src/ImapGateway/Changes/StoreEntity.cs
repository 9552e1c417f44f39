using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Changes;

/// <summary>The one row about the log of all accounts.</summary>
public sealed class StoreEntity
{
    public const int Only = 1;

    public int Id { get; init; } = Only;

    /// <summary>Random, new whenever the database is made anew: positions of another one are gone.</summary>
    public required string Incarnation { get; set; }

    /// <summary>The last place in the feed of all accounts that retention has deleted, with <see cref="PurgedRow"/>: readers before it have missed something.</summary>
    public long PurgedTransaction { get; set; }

    public long PurgedRow { get; set; }

    public GlobalPosition Purged => new(PurgedTransaction, PurgedRow);
}

public sealed class StoreConfiguration : IEntityTypeConfiguration<StoreEntity>
{
    public void Configure(EntityTypeBuilder<StoreEntity> builder)
    {
        builder.ToTable("store");
        builder.HasKey(store => store.Id);
        builder.Property(store => store.Id).ValueGeneratedNever();
        builder.Property(store => store.Incarnation).HasMaxLength(16);
        builder.Ignore(store => store.Purged);
    }
}

/// <summary>The incarnation of this database, made by its first start.</summary>
public sealed class StoreIncarnation(IDatabase database) : IStartupStep
{
    private string? _value;

    public string Value => _value ?? throw new InvalidOperationException("The store is not open yet.");

    public async Task RunAsync(CancellationToken cancel)
    {
        var fresh = ObjectId.NewIncarnation();
        _value = await database.WriteAsync(
            async (db, token) =>
            {
                if (await db.Set<StoreEntity>().SingleOrDefaultAsync(token) is { } known)
                {
                    return known.Incarnation;
                }
                db.Add(new StoreEntity { Incarnation = fresh });
                return fresh;
            },
            cancel);
    }
}
