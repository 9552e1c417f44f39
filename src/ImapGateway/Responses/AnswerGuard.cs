using System.Collections.Concurrent;

namespace ImapGateway.Responses;

/// <summary>
/// Lets answers about an account be given again without asking its owner: as long as nothing happens that could change one, its number stays the same. The owner changes
/// it, before anybody can hear of what has happened.
/// </summary>
public sealed class AnswerGuard
{
    private static long _last;
    private long _now = Interlocked.Increment(ref _last);

    /// <summary>No other account, and no other time, has the same.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>What was answered before may hold no longer.</summary>
    public void Change() => Volatile.Write(ref _now, Interlocked.Increment(ref _last));
}

/// <summary>Of the accounts whose owners live here.</summary>
public sealed class AnswerGuards
{
    private readonly ConcurrentDictionary<string, AnswerGuard> _guards = new(StringComparer.Ordinal);

    public AnswerGuard Open(string account) => _guards[account] = new AnswerGuard();

    public AnswerGuard? Find(string account) => _guards.GetValueOrDefault(account);

    /// <summary>The owner has gone; another one may have come already.</summary>
    public void Close(string account, AnswerGuard guard)
    {
        guard.Change();
        _guards.TryRemove(KeyValuePair.Create(account, guard));
    }
}
