using System.Collections.Immutable;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Changes;

/// <summary>The owner of an account's state, and its counters. A row is never used for another incarnation.</summary>
public sealed class FenceEntity
{
    public required string Incarnation { get; init; }

    /// <summary>The number of owners until now. A write of an earlier owner is refused.</summary>
    public long Generation { get; set; }

    /// <summary>The next counter for an id of this incarnation.</summary>
    public long NextCounter { get; set; } = 1;

    /// <summary>The sequence number of the last change in the log. Numbers begin at 1 and have no gaps.</summary>
    public long Sequence { get; set; }

    /// <summary>The ended epochs, see <see cref="Changes.EndedEpochs.OfAccount"/>. The present epoch is that of <see cref="NextCounter"/>.</summary>
    public string EndedEpochs { get; set; } = "";

    public FenceCounters Counters => new((ulong)NextCounter, Sequence);

    /// <summary>Returns the row of a new account.</summary>
    public static FenceEntity Of(string incarnation, StoreEpoch epoch) => new() { Incarnation = incarnation, NextCounter = (long)ObjectId.CounterIn(epoch.Value, 1) };
}

public sealed class FenceConfiguration : IEntityTypeConfiguration<FenceEntity>
{
    public void Configure(EntityTypeBuilder<FenceEntity> builder)
    {
        builder.ToTable("fence");
        builder.HasKey(fence => fence.Incarnation);
        builder.Property(fence => fence.Incarnation).HasMaxLength(16);
        builder.Ignore(fence => fence.Counters);
    }
}

/// <summary>The right to write the state of an account, until another owner claims it.</summary>
public sealed record Owner(string Incarnation, long Generation)
{
    /// <summary>The epochs of the account before the present one.</summary>
    public ImmutableArray<EndedEpoch> EndedEpochs { get; init; } = [];
}

/// <summary>The counters that only the owner of an account may use.</summary>
/// <param name="NextCounter">The counter of the next id.</param>
/// <param name="Sequence">The sequence number of the last change.</param>
public readonly record struct FenceCounters(ulong NextCounter, long Sequence)
{
    /// <summary>The epoch of the database in which the owner works.</summary>
    public long Epoch => ObjectId.EpochOf(NextCounter);
}

public static class Fence
{
    /// <summary>
    /// Returns the rows that can be used: their counters have possible values. SQLite stores any value in any column; a text or a blob is larger than every number. Values in the upper half of a range are
    /// taken for damage: counting from one near the end would soon give numbers of another epoch.
    /// </summary>
    /// <param name="epoch">The epoch of the database.</param>
    public static IQueryable<FenceEntity> Usable(GatewayDbContext database, long epoch)
    {
        const long Half = ObjectId.LastNumber / 2;
        var (first, last) = ((long)ObjectId.CounterIn(epoch, 1), (long)ObjectId.CounterIn(epoch, Half));
        return database.Set<FenceEntity>().AsNoTracking().Where(fence =>
            fence.Generation >= 0 && fence.Generation < long.MaxValue / 2 && fence.Sequence >= 0 && fence.Sequence <= Half && fence.NextCounter >= first && fence.NextCounter <= last);
    }

    /// <summary>Claims the account. After the commit, writes of all earlier owners are refused. If an earlier owner is between its first statement and its commit, the claim waits for it.</summary>
    /// <exception cref="LostOwnershipException">The account was removed.</exception>
    public static async Task<(Owner Owner, FenceCounters Counters)> ClaimAsync(GatewayDbContext database, string incarnation, CancellationToken cancel)
    {
        var fences = database.Set<FenceEntity>().Where(fence => fence.Incarnation == incarnation);
        // The database counts, not this code: two owners that read the same generation must not both become the next one.
        if (await fences.ExecuteUpdateAsync(update => update.SetProperty(fence => fence.Generation, fence => fence.Generation + 1), cancel) != 1)
        {
            throw new LostOwnershipException();
        }
        var claimed = await fences.AsNoTracking().SingleAsync(cancel);
        return (new Owner(incarnation, claimed.Generation) { EndedEpochs = EndedEpochs.OfAccount(claimed.EndedEpochs) }, claimed.Counters);
    }

    /// <summary>
    /// Runs the first statement of every transaction that writes state of the account. It refuses a stale owner, increases the counters, and makes a new owner
    /// wait until this transaction has ended. Unexpected counters also show that a commit with an unknown result has happened.
    /// </summary>
    /// <exception cref="LostOwnershipException">The account has another owner now.</exception>
    public static async Task PassAsync(GatewayDbContext database, Owner owner, FenceCounters before, FenceCounters after, CancellationToken cancel)
    {
        var rows = await database.Set<FenceEntity>()
            .Where(fence => fence.Incarnation == owner.Incarnation && fence.Generation == owner.Generation
                && fence.NextCounter == (long)before.NextCounter && fence.Sequence == before.Sequence)
            .ExecuteUpdateAsync(update => update.SetProperty(fence => fence.NextCounter, (long)after.NextCounter).SetProperty(fence => fence.Sequence, after.Sequence), cancel);
        if (rows != 1)
        {
            throw new LostOwnershipException();
        }
    }
}

/// <summary>The error that another activation owns the account. This activation must release everything.</summary>
public sealed class LostOwnershipException() : Exception("The account has another owner.");
