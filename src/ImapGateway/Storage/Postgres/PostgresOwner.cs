using ImapGateway.Settings;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>
/// The right of this process to write to the database. It belongs to a session outside of the pool that is kept open and pinged. If that session is lost, nothing is written
/// until it is taken again. If another gateway has owned the database meanwhile, or the database was replaced (by a promoted standby, which may lack the last commits, or by a restored backup), the
/// memory of this process may differ from the database, and it must end.
/// </summary>
internal sealed partial class PostgresOwner : IAsyncDisposable
{
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan WhileSessionEnds = TimeSpan.FromMilliseconds(20);
    private const int PingSeconds = 5;

    private readonly NpgsqlDataSource _source;
    private readonly StoreStamp _stamps;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();

    /// <summary>The number to write with; null if the database is not owned. It is not completed while that is being determined.</summary>
    private TaskCompletionSource<int?> _number = NewNumber();

    /// <summary>The number of the session that has the locks.</summary>
    private int? _held;

    private NpgsqlConnection? _connection;
    private string? _session;

    /// <summary>The identity of the database when it was taken first, see <see cref="DatabaseIdentity"/>.</summary>
    private string? _identity;

    /// <summary>The number of the term of this owner; 0 until it has begun.</summary>
    private long _term;

    private Task _watching = Task.CompletedTask;

    public PostgresOwner(string connectionString, StoreStamp stamps, ILogger log)
    {
        _source = PostgresConnectionString.OpenForOwner(connectionString);
        _stamps = stamps;
        _log = log;
    }

    /// <summary>Raised if another gateway has owned the database since this one did, it was replaced, or that cannot be determined: this process must end.</summary>
    public event Action<Exception>? Lost;

    /// <summary>Takes the database, or throws with the gateway that has it.</summary>
    /// <param name="patience">The time to wait for a gateway that is about to end, or that is dead without the server knowing it yet.</param>
    /// <exception cref="StartupException">Another gateway has it.</exception>
    public async Task TakeAsync(TimeSpan patience, CancellationToken cancel)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        enough.CancelAfter(patience);
        for (var told = false; await TryTakeAsync(cancel) is { } holder; told = true)
        {
            if (!told)
            {
                LogWaiting(holder.Description);
            }
            try
            {
                await Task.Delay(RetryInterval, enough.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new StartupException($"Storage:ConnectionString: the database \"{_source.CreateConnection().Database}\" is used by another gateway: {holder.Description}");
            }
        }
        _watching = Task.Run(WatchAsync, CancellationToken.None);
        await using var connection = await _source.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await OwnerLock.KeepWritersAwayAsync(connection, cancel);
    }

    /// <summary>Joins the writers for migrations: a later owner ends the session before it writes.</summary>
    public async Task JoinWritersAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        if (await NumberAsync() is not { } number || !await OwnerLock.MayWriteForLongAsync(connection, number, cancel))
        {
            throw LostAtStart();
        }
    }

    /// <summary>Begins the term of this owner when the tables exist, so that an earlier owner notices, even if this one ends before.</summary>
    public async Task BeginTermAsync(CancellationToken cancel)
    {
        await using var connection = await _source.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await OwnerLock.KeepWritersAwayAsync(connection, cancel);
        if (await NumberAsync() is not { } number || !await OwnerLock.IsLockedAsync(connection, number, cancel))
        {
            throw LostAtStart();
        }
        var term = await OwnerRow.BeginTermAsync(connection, cancel);
        await transaction.CommitAsync(cancel);
        Volatile.Write(ref _term, term);
    }

    /// <summary>Returns the number to write with, or null if the database is not owned. It waits only while a lost session is being replaced.</summary>
    public Task<int?> NumberAsync()
    {
        lock (_gate)
        {
            return _number.Task;
        }
    }

    /// <summary>Reports that a write transaction found the owner's session ended. No other write begins until that is known to be wrong or repaired.</summary>
    public void Suspect(int number)
    {
        lock (_gate)
        {
            if (_number.Task is { IsCompletedSuccessfully: true, Result: { } current } && current == number)
            {
                _number = NewNumber();
            }
        }
    }

    /// <summary>Gives the database back. The host disposes the storage when it has stopped, and the container does so again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_ended.IsCancellationRequested)
        {
            return;
        }
        await _ended.CancelAsync();
        await _watching;
        Hold(null);
        await CloseAsync();
        await _source.DisposeAsync();
    }

    private static StartupException LostAtStart() => new("Storage:ConnectionString: the session that holds the database was lost while the gateway started");

    private static TaskCompletionSource<int?> NewNumber() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Hold(int? number)
    {
        lock (_gate)
        {
            _held = number;
            if (!_number.TrySetResult(number) && _number.Task.Result != number)
            {
                _number = NewNumber();
                _number.SetResult(number);
            }
        }
    }

    /// <summary>Returns the session that has the lock, or null if this process has it now.</summary>
    private async Task<LockHolder?> TryTakeAsync(CancellationToken cancel)
    {
        await CloseAsync();
        var connection = await _source.OpenConnectionAsync(cancel);
        try
        {
            while (!await OwnerLock.TryTakeAsync(connection, cancel))
            {
                if (await OwnerLock.HolderAsync(connection, cancel) is not { } holder)
                {
                    continue;
                }
                if (holder.Session != _session)
                {
                    await ThrowIfChangedAsync(connection, cancel);
                    return holder;
                }
                // A connection that only the server believes in, or that is about to end.
                await OwnerLock.EndAsync(connection, holder, cancel);
                await Task.Delay(WhileSessionEnds, cancel);
            }
            await ThrowIfChangedAsync(connection, cancel);
            await ThrowIfOlderAsync(connection, cancel);
            var number = await OwnerLock.NumberAsync(connection, cancel);
            _session = await OwnerLock.SessionAsync(connection, cancel);
            (_connection, connection) = (connection, null);
            Hold(number);
            return null;
        }
        finally
        {
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// Demands that this is the database that was taken first, and that its rows are those of the term of this owner. A database without rows is waited for, so that a supervisor does not start a
    /// new gateway on it in the middle of a restore.
    /// </summary>
    private async Task ThrowIfChangedAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        if (Volatile.Read(ref _term) is > 0 and var own && await OwnerRow.TermAsync(connection, PingSeconds, cancel) is var term && term != own)
        {
            throw new LostContinuityException(term is null ? "the content of the database was replaced while the gateway was running" : "another gateway has used the database since");
        }
        var identity = await DatabaseIdentity.OfDatabaseAsync(connection, PingSeconds, cancel);
        if ((_identity ??= identity) != identity)
        {
            throw new LostContinuityException("another server has taken over the database, or a copy has replaced it; it may lack what was written last");
        }
    }

    /// <summary>Demands that the database is not in an earlier state than the data directory has seen: the server may have been set back to a snapshot of its files.</summary>
    private async Task ThrowIfOlderAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        if (Volatile.Read(ref _term) == 0)
        {
            return;
        }
        await using var command = new NpgsqlCommand("""SELECT "Incarnation", "Stamp" FROM "store" """, connection);
        await using var rows = await command.ExecuteReaderAsync(cancel);
        if (await rows.ReadAsync(cancel) && _stamps.Read(rows.GetString(0))?.Contains(rows.GetString(1)) is false)
        {
            throw new LostContinuityException("the database is in an earlier state than before");
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await PingAsync();
                await TakeAgainAsync();
            }
        }
        catch (Exception) when (_ended.IsCancellationRequested)
        {
            // The gateway stops.
        }
        catch (Exception failure)
        {
            Hold(null);
            Lost?.Invoke(failure is LostContinuityException ? failure : new InvalidOperationException($"whether the database is held cannot be found out: {failure.Message}", failure));
        }
    }

    /// <summary>
    /// Returns when the session has ended. Waiting for a notification detects at once that the server ends it. The ping reads the row of the owner: rows can be replaced while the session is open
    /// (TRUNCATE and COPY, pg_restore --clean).
    /// </summary>
    private async Task PingAsync()
    {
        try
        {
            while (true)
            {
                await _connection!.WaitAsync(PingInterval, _ended.Token);
                await ThrowIfChangedAsync(_connection, _ended.Token);
                Restore();
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException or IOException)
        {
            LogLost(failure.Message);
        }
    }

    /// <summary>Restores the number, since the suspicion of a writer was wrong.</summary>
    private void Restore()
    {
        lock (_gate)
        {
            _number.TrySetResult(_held);
        }
    }

    private async Task TakeAgainAsync()
    {
        lock (_gate)
        {
            if (_number.Task.IsCompleted)
            {
                _number = NewNumber();
            }
        }
        // The first failure is not final: a new connection can break, too, and until the second one writers wait.
        var isTaken = await TryTakeAgainAsync();
        for (var pause = RetryInterval; !isTaken && !await TryTakeAgainAsync(); pause = pause < LongestPause ? pause * 1.5 : LongestPause)
        {
            Hold(null);
            await Task.Delay(pause, _ended.Token);
        }
        LogTaken();
    }

    private async Task<bool> TryTakeAgainAsync()
    {
        try
        {
            return await TryTakeAsync(_ended.Token) is null;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private sealed class LostContinuityException(string message) : Exception(message);

    [LoggerMessage(LogLevel.Information, "Another gateway uses the database; waiting for its end: {Holder}")]
    private partial void LogWaiting(string holder);

    [LoggerMessage(LogLevel.Warning, "The session that holds the database was lost; nothing is written until it is held again: {Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(LogLevel.Information, "The database lock was reacquired")]
    private partial void LogTaken();
}
