using System.Collections.Concurrent;

namespace ImapGateway.Responses;

/// <summary>
/// Shows whether earlier responses about an account are still valid, without asking the account's grain. Its number stays the same as long as nothing happens that
/// could change a response. The grain changes the number before any client can learn what has happened.
/// </summary>
public sealed class AnswerGuard
{
    private static long _last;
    private long _now = Interlocked.Increment(ref _last);

    /// <summary>The current number. It is unique among all accounts and all times.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>Changes the number: earlier responses may no longer be valid.</summary>
    public void Change() => Volatile.Write(ref _now, Interlocked.Increment(ref _last));
}

/// <summary>The guards of the accounts whose grains are active in this process.</summary>
public sealed class AnswerGuards
{
    private readonly ConcurrentDictionary<string, AnswerGuard> _guards = new(StringComparer.Ordinal);

    public AnswerGuard Open(string account) => _guards[account] = new AnswerGuard();

    public AnswerGuard? Find(string account) => _guards.GetValueOrDefault(account);

    /// <summary>Removes the guard of a grain that has ended. A new grain of the account may have opened another one already.</summary>
    public void Close(string account, AnswerGuard guard)
    {
        guard.Change();
        _guards.TryRemove(KeyValuePair.Create(account, guard));
    }
}
