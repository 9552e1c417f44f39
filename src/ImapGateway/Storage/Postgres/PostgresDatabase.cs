using System.Data;
using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>
/// Runs jobs in parallel on pooled connections, each in a transaction of its own on one snapshot (REPEATABLE READ). With READ COMMITTED a job would see rows
/// change between its statements and overwrite what it has not seen; SERIALIZABLE fails most jobs that meet on small tables, which are read as a whole.
/// </summary>
/// <param name="source">The data source; it is disposed with the database.</param>
/// <param name="context">Makes the context of a job from its options.</param>
/// <param name="owner">Decides whether this process may write.</param>
/// <param name="log">The log, which reports when the storage fails and when it recovers.</param>
internal sealed partial class PostgresDatabase(NpgsqlDataSource source, Func<DbContextOptions, GatewayDbContext> context, PostgresOwner owner, ILogger<PostgresDatabase> log)
    : IDatabase, IAsyncDisposable
{
    /// <summary>The largest number of times that a job may find that the owner's session has ended before its own transaction began.</summary>
    private const int MostSuspicions = 10;

    private const string ReadOnly = "SET TRANSACTION READ ONLY";

    private readonly DbContextOptions _readOptions = new DbContextOptionsBuilder().UseNpgsql(source).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options;
    private readonly DbContextOptions _writeOptions = new DbContextOptionsBuilder().UseNpgsql(source).Options;
    private readonly RunningJobs _running = new();
    private readonly Corruption _corruption = new(log);
    private volatile bool _failed;

    /// <summary>True if the storage refused the last write. The fault may be over, and only a write can show it.</summary>
    public bool WritesFail => _failed;

    /// <exception cref="ProblemException">The database is damaged.</exception>
    public void ThrowIfCorrupt() => _corruption.ThrowIfFound();

    /// <summary>Accepts jobs. Called before the first read or write, when the tables exist.</summary>
    public void Open() => _running.Open();

    public Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel) =>
        RunAsync(() => ReadOnceAsync(query, cancel), cancel);

    public async Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel)
    {
        try
        {
            var result = await RunAsync(() => WriteOnceAsync(job, cancel), cancel);
            if (_failed)
            {
                _failed = false;
                LogRecovered();
            }
            return result;
        }
        catch (ProblemException failure) when (failure.InnerException is { } cause && PostgresFailure.Classify(cause) is PostgresFault.Away or PostgresFault.Broken or PostgresFault.Corrupt)
        {
            if (!_failed)
            {
                _failed = true;
                LogFailed(cause.Message);
            }
            throw;
        }
    }

    /// <summary>Refuses later jobs, and waits for running ones.</summary>
    public async ValueTask DisposeAsync()
    {
        await _running.CloseAsync();
        await source.DisposeAsync();
    }

    /// <summary>Runs a job outside of the caller's scheduler, and repeats it after a conflict with another transaction or a connection that was broken before.</summary>
    private Task<T> RunAsync<T>(Func<Task<T>> once, CancellationToken cancel) => Task.Run(
        async () =>
        {
            if (!_running.TryEnter())
            {
                throw PostgresFailure.Unavailable("The gateway is starting or stopping.");
            }
            try
            {
                return await RepeatAsync(once, cancel);
            }
            finally
            {
                _running.Leave();
            }
        },
        cancel);

    private async Task<T> RepeatAsync<T>(Func<Task<T>> once, CancellationToken cancel)
    {
        for (var repeats = new Repeats(); ;)
        {
            try
            {
                return await once();
            }
            catch (Exception failure) when (cancel.IsCancellationRequested && PostgresFailure.IsCancellation(failure))
            {
                // Npgsql reports it with the answer of the server inside, which would look like a fault of the storage.
                throw new OperationCanceledException(failure.Message, failure, cancel);
            }
            catch (Exception failure) when (failure is not ProblemException)
            {
                if (repeats.Next(failure) is not { } pause)
                {
                    var told = PostgresFailure.Translate(failure);
                    _corruption.Note(told);
                    if (ReferenceEquals(told, failure))
                    {
                        throw;
                    }
                    throw told;
                }
                if (PostgresFailure.Classify(failure) == PostgresFault.Broken)
                {
                    // The fault that ended this connection has probably ended the idle ones in the pool: the next run takes a new one.
                    source.Clear();
                }
                await Task.Delay(pause, CancellationToken.None);
            }
        }
    }

    private async Task<T> ReadOnceAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel)
    {
        await using var reader = context(_readOptions);
        await using var transaction = await reader.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        await reader.Database.ExecuteSqlRawAsync(ReadOnly, cancel);
        var result = await query(reader, cancel);
        await transaction.CommitAsync(cancel);
        return result;
    }

    private async Task<T> WriteOnceAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel)
    {
        _corruption.ThrowIfFound();
        for (var suspicions = 0; suspicions < MostSuspicions && await owner.NumberAsync() is { } number; suspicions++)
        {
            if (await TryWriteAsync(number, job, cancel) is (true, var result))
            {
                return result;
            }
            owner.Suspect(number);
        }
        throw PostgresFailure.Unavailable("The database is not held by this gateway at the moment; nothing can be written.");
    }

    /// <summary>Runs a write job. Returns false if this process does not own the database any more; the job was not run then.</summary>
    private async Task<(bool Owned, T Result)> TryWriteAsync<T>(int number, Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel)
    {
        await using var writer = context(_writeOptions);
        await using var transaction = await writer.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        // The transaction fails as a whole: a savepoint before SaveChanges would only cost two round trips.
        writer.Database.AutoSavepointsEnabled = false;
        if (!await OwnerLock.MayWriteAsync((NpgsqlConnection)writer.Database.GetDbConnection(), number, CancellationToken.None))
        {
            return (false, default!);
        }
        var result = await job(writer, CancellationToken.None);
        await writer.SaveChangesAsync(CancellationToken.None);
        // Another job may have found damage while this one ran.
        _corruption.ThrowIfFound();
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (Exception failure) when (PostgresFailure.LeavesCommitInDoubt(failure))
        {
            throw PostgresFailure.Unavailable("The storage was lost while it wrote. Nobody knows whether it has.", failure);
        }
        return (true, result);
    }

    [LoggerMessage(LogLevel.Error, "The storage cannot be written: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(LogLevel.Information, "The storage can be written again")]
    private partial void LogRecovered();
}
