using System.Collections.Immutable;
using ImapGateway.Storage;

namespace ImapGateway.Changes;

/// <summary>
/// Writes the state of an account; there is no other way. One transaction has the owner's fence, the state and the changes that report it. One write runs at a time; the
/// caller is responsible for that.
/// </summary>
/// <param name="account">The id of the account.</param>
/// <param name="counters">The counters that were claimed with <paramref name="owner"/>.</param>
/// <param name="metadata">The present metadata of the account.</param>
public sealed class AccountWriter(
    IDatabase database, ChangeLog log, Owner owner, string account, FenceCounters counters, Func<IReadOnlyDictionary<string, string>> metadata, TimeProvider time)
{
    public string Account => account;

    public string Incarnation => owner.Incarnation;

    public Owner Owner => owner;

    /// <summary>The committed counters of the next id and of the last change.</summary>
    public FenceCounters Counters { get; private set; } = counters;

    /// <summary>Writes a change of state. The caller may change memory only after this method has returned.</summary>
    /// <param name="nextCounter">The counter after the ids that <paramref name="state"/> uses.</param>
    /// <param name="changes">The changes in the order in which they get their sequence numbers.</param>
    /// <param name="state">Writes the rest. It may run twice, as every job of <see cref="IDatabase"/>.</param>
    /// <exception cref="LostOwnershipException">The account has another owner now.</exception>
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
