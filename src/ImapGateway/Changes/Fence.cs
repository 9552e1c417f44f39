using System.Collections.Immutable;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Changes;

/// <summary>Who owns the state of an account, and its counters. A row is never used for another incarnation.</summary>
public sealed class FenceEntity
{
    public required string Incarnation { get; init; }

    /// <summary>Counts the owners; a write of an earlier one is refused.</summary>
    public long Generation { get; set; }

    /// <summary>The next counter for an id of this incarnation.</summary>
    public long NextCounter { get; set; } = 1;

    /// <summary>Of the last change in its log; there is none before 1, and none is left out.</summary>
    public long Sequence { get; set; }

    /// <summary>See <see cref="Changes.EndedEpochs.OfAccount"/>. The present epoch is that of <see cref="NextCounter"/>.</summary>
    public string EndedEpochs { get; set; } = "";

    public FenceCounters Counters => new((ulong)NextCounter, Sequence);

    /// <summary>The row of a new account.</summary>
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

/// <summary>The right to write the state of an account, until somebody else claims it.</summary>
public sealed record Owner(string Incarnation, long Generation)
{
    /// <summary>The epochs of the account before the present one.</summary>
    public ImmutableArray<EndedEpoch> EndedEpochs { get; init; } = [];
}

/// <summary>What only the owner of an account gives out.</summary>
/// <param name="NextCounter">Of the next id.</param>
/// <param name="Sequence">Of the last change.</param>
public readonly record struct FenceCounters(ulong NextCounter, long Sequence)
{
    /// <summary>Of the database, in which the owner works.</summary>
    public long Epoch => ObjectId.EpochOf(NextCounter);
}

public static class Fence
{
    /// <summary>
    /// Rows that can be used: with counters that can have been given. SQLite keeps whatever is written to a column; a text or a blob there is larger than every number.
    /// </summary>
    /// <param name="epoch">Of the database.</param>
    public static IQueryable<FenceEntity> Usable(GatewayDbContext database, long epoch)
    {
        var (first, last) = ((long)ObjectId.CounterIn(epoch, 1), (long)ObjectId.CounterIn(epoch, ObjectId.LastNumber));
        return database.Set<FenceEntity>().AsNoTracking().Where(fence =>
            fence.Generation >= 0 && fence.Generation < long.MaxValue / 2 && fence.Sequence >= 0 && fence.Sequence < ObjectId.LastNumber && fence.NextCounter >= first && fence.NextCounter <= last);
    }

    /// <summary>Takes the account over: from the commit on, writes of all earlier owners are refused; one that is between its first statement and its commit is waited for.</summary>
    /// <exception cref="LostOwnershipException">The account was removed.</exception>
    public static async Task<(Owner Owner, FenceCounters Counters)> ClaimAsync(GatewayDbContext database, string incarnation, CancellationToken cancel)
    {
        var fences = database.Set<FenceEntity>().Where(fence => fence.Incarnation == incarnation);
        // Counted by the database, not here: two that read the same generation must not both become the next one.
        if (await fences.ExecuteUpdateAsync(update => update.SetProperty(fence => fence.Generation, fence => fence.Generation + 1), cancel) != 1)
        {
            throw new LostOwnershipException();
        }
        var claimed = await fences.AsNoTracking().SingleAsync(cancel);
        return (new Owner(incarnation, claimed.Generation) { EndedEpochs = EndedEpochs.OfAccount(claimed.EndedEpochs) }, claimed.Counters);
    }

    /// <summary>
    /// The first statement of every transaction that writes state of the account: refuses a stale owner, moves the counters on, and keeps whoever claims the account
    /// meanwhile waiting until this transaction has ended. Counters that are not the expected ones also tell that a commit whose outcome was unknown has happened.
    /// </summary>
    /// <exception cref="LostOwnershipException">Somebody else owns the account now.</exception>
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

/// <summary>Another activation owns the account; this one must let go of everything.</summary>
public sealed class LostOwnershipException() : Exception("The account has another owner.");
