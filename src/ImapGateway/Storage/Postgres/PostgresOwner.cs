using ImapGateway.Settings;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>The row that counts the owners of the database.</summary>
public sealed class OwnerEntity
{
    public const int Only = 1;

    public int Id { get; init; } = Only;

    public long Term { get; set; }
}

/// <summary>
/// The right of this process to write to the database. It belongs to a session outside of the pool that is kept open and pinged. If that session is lost, nothing is written
/// until it is taken again. If another gateway has owned the database meanwhile, or another server has taken over (a promoted standby may lack the last commits), the memory of this
/// process may differ from the database, and it must end.
/// </summary>
internal sealed partial class PostgresOwner : IAsyncDisposable
{
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan WhileSessionEnds = TimeSpan.FromMilliseconds(20);
    private const int PingSeconds = 5;

    private readonly NpgsqlDataSource _source;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();

    /// <summary>The number to write with; null if the database is not owned. It is not completed while that is being determined.</summary>
    private TaskCompletionSource<int?> _number = NewNumber();

    /// <summary>The number of the session that has the locks.</summary>
    private int? _held;

    private NpgsqlConnection? _connection;
    private string? _session;

    /// <summary>The server that had the database when it was taken first, see <see cref="DatabaseIdentity"/>.</summary>
    private string? _server;

    /// <summary>The number of this owner; 0 until it is counted.</summary>
    private long _term;

    private Task _watching = Task.CompletedTask;

    public PostgresOwner(string connectionString, ILogger log)
    {
        _source = PostgresConnectionString.OpenForOwner(connectionString);
        _log = log;
    }

    /// <summary>Raised if another gateway has owned the database since this one did, another server has it, or that cannot be determined: this process must end.</summary>
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

    /// <summary>Counts this owner when the tables exist, so that an earlier one notices, even if this one ends before.</summary>
    public async Task BeginTermAsync(CancellationToken cancel)
    {
        await using var connection = await _source.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await OwnerLock.KeepWritersAwayAsync(connection, cancel);
        if (await NumberAsync() is not { } number || !await OwnerLock.IsLockedAsync(connection, number, cancel))
        {
            throw LostAtStart();
        }
        await using var count = new NpgsqlCommand(
            """INSERT INTO owner ("Id", "Term") VALUES (1, 1) ON CONFLICT ("Id") DO UPDATE SET "Term" = owner."Term" + 1 RETURNING "Term" """, connection);
        var term = (long)(await count.ExecuteScalarAsync(cancel))!;
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
                    await ThrowIfTakenOverAsync(connection, cancel);
                    return holder;
                }
                // A connection that only the server believes in, or that is about to end.
                await OwnerLock.EndAsync(connection, holder, cancel);
                await Task.Delay(WhileSessionEnds, cancel);
            }
            await ThrowIfTakenOverAsync(connection, cancel);
            await ThrowIfReplacedAsync(connection, cancel);
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

    private async Task ThrowIfTakenOverAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        if (Volatile.Read(ref _term) is not (> 0 and var own))
        {
            return;
        }
        await using var command = new NpgsqlCommand("""SELECT "Term" FROM owner""", connection);
        if (await command.ExecuteScalarAsync(cancel) is not long term || term != own)
        {
            throw new TakenOverException();
        }
    }

    private async Task ThrowIfReplacedAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        var server = await DatabaseIdentity.OfServerAsync(connection, cancel);
        if ((_server ??= server) != server)
        {
            throw new ReplacedException();
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
            Lost?.Invoke(failure is TakenOverException or ReplacedException ? failure : new InvalidOperationException($"whether the database is held cannot be found out: {failure.Message}", failure));
        }
    }

    /// <summary>Returns when the session has ended. Waiting for a notification detects at once that the server ends it.</summary>
    private async Task PingAsync()
    {
        try
        {
            while (true)
            {
                await _connection!.WaitAsync(PingInterval, _ended.Token);
                await using var ping = new NpgsqlCommand("SELECT 1", _connection) { CommandTimeout = PingSeconds };
                await ping.ExecuteScalarAsync(_ended.Token);
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
        for (var pause = RetryInterval; !await TryTakeAgainAsync(); pause = pause < LongestPause ? pause * 1.5 : LongestPause)
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

    private sealed class TakenOverException() : Exception("another gateway has used the database since");

    private sealed class ReplacedException() : Exception("another server has taken over the database, which may lack what was written last");

    [LoggerMessage(LogLevel.Information, "Another gateway uses the database; waiting for its end: {Holder}")]
    private partial void LogWaiting(string holder);

    [LoggerMessage(LogLevel.Warning, "The session that holds the database was lost; nothing is written until it is held again: {Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(LogLevel.Information, "The database lock was reacquired")]
    private partial void LogTaken();
}
