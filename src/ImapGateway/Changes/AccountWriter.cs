using System.Collections.Immutable;
using ImapGateway.Storage;

namespace ImapGateway.Changes;

/// <summary>
/// The only way to write state of an account: the owner's fence, the state and the changes that tell of it, in one transaction. One write at a time; that is
/// the caller's to see to.
/// </summary>
/// <param name="account">Its id.</param>
/// <param name="counters">As they were claimed with <paramref name="owner"/>.</param>
/// <param name="metadata">The account's notes as they are now.</param>
public sealed class AccountWriter(
    IDatabase database, ChangeLog log, Owner owner, string account, FenceCounters counters, Func<IReadOnlyDictionary<string, string>> metadata, TimeProvider time)
{
    public string Account => account;

    public string Incarnation => owner.Incarnation;

    public Owner Owner => owner;

    /// <summary>What is committed: of the next id, and of the last change.</summary>
    public FenceCounters Counters { get; private set; } = counters;

    /// <summary>Memory may follow when this returns, not before.</summary>
    /// <param name="nextCounter">After the ids that <paramref name="state"/> uses.</param>
    /// <param name="changes">In the order in which they get their sequences.</param>
    /// <param name="state">Writes the rest; may run twice, as every job of <see cref="IDatabase"/>.</param>
    /// <exception cref="LostOwnershipException">Somebody else owns the account now.</exception>
    public async Task WriteAsync(ulong nextCounter, IReadOnlyList<Change> changes, Func<GatewayDbContext, CancellationToken, Task> state, CancellationToken cancel)
    {
        var before = Counters;
        var after = new FenceCounters(nextCounter, before.Sequence + changes.Count);
        var rows = changes.Count == 0 ? ImmutableArray<ChangeEntity>.Empty : Rows(changes, before.Sequence);
        await database.WriteAsync(
            async (db, token) =>
            {
                await Fence.PassAsync(db, owner, before, after, token);
                await state(db, token);
                await db.InsertAsync(rows, token);
                return true;
            },
            cancel);
        Counters = after;
        if (changes.Count > 0)
        {
            log.Appended(owner.Incarnation);
        }
    }

    private ImmutableArray<ChangeEntity> Rows(IReadOnlyList<Change> changes, long sequence)
    {
        var now = time.GetUtcNow();
        var notes = ChangeData.Of(metadata());
        return [.. changes.Select(change => ChangeRow.Of(change, owner.Incarnation, account, Counters.Epoch, ++sequence, now, notes))];
    }
}
