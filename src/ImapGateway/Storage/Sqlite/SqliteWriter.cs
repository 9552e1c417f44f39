using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using SQLitePCL;

namespace ImapGateway.Storage.Sqlite;

/// <summary>
/// Writes on one thread and one connection, with one commit for all jobs that wait: up to 128 of them or 10 ms, each in a savepoint. A commit costs a sync of the disk
/// whatever its size, and connections that compete for SQLite's one write lock starve each other.
/// </summary>
internal sealed partial class SqliteWriter : IAsyncDisposable
{
    private const int QueueLength = 1024;
    private const int GroupSize = 128;
    private static readonly TimeSpan GroupTime = TimeSpan.FromMilliseconds(10);

    private readonly Channel<WriteJob> _queue = Channel.CreateBounded<WriteJob>(new BoundedChannelOptions(QueueLength) { SingleReader = true });
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteConnection _connection;
    private readonly Func<GatewayDbContext> _newContext;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Corruption _corruption;
    private readonly WriteTimes _times;
    private readonly List<WriteJob> _group = new(GroupSize);
    private GatewayDbContext? _context;
    private volatile bool _failed;

    public SqliteWriter(SqliteFile file, Func<DbContextOptions, GatewayDbContext> context, TimeProvider time, ILogger log, Corruption corruption)
    {
        _connection = file.OpenForWriting();
        var options = new DbContextOptionsBuilder().UseSqlite(_connection).Options;
        _newContext = () => context(options);
        _time = time;
        _log = log;
        _corruption = corruption;
        _times = new WriteTimes(time, log);
        new Thread(Run) { Name = "storage writer", IsBackground = true }.Start();
    }

    /// <summary>True if the storage refused the last write.</summary>
    public bool Failed => _failed;

    /// <summary>Called when the thread ends by a failure.</summary>
    public Action<Exception>? Failing { get; init; }

    /// <summary>Adds a job to the queue; waits while the queue is full.</summary>
    /// <exception cref="ChannelClosedException">The writer has been stopped.</exception>
    public ValueTask EnqueueAsync(WriteJob job, CancellationToken cancel) => _queue.Writer.WriteAsync(job, cancel);

    /// <summary>Takes no more jobs, runs those it has, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _ended.Task;
    }

    private void Run()
    {
        try
        {
            while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                _times.OfTransaction(RunGroup);
                _group.ForEach(job => job.Complete());
                _group.Clear();
            }
            _context?.Dispose();
            _connection.Dispose();
            _times.Dispose();
        }
        catch (Exception failure)
        {
            LogEnded(failure);
            FailAll(failure);
            Failing?.Invoke(failure);
        }
        _ended.SetResult();
    }

    /// <summary>Fails all jobs, since not even a rollback was possible: no writer is better than one in an unknown state.</summary>
    private void FailAll(Exception failure)
    {
        _failed = true;
        _queue.Writer.TryComplete();
        TakeQueued(int.MaxValue);
        foreach (var job in _group)
        {
            job.Failure = SqliteFailure.Unavailable("The storage has failed; the gateway must be started again.", failure);
            job.Complete();
        }
    }

    private void RunGroup()
    {
        if (_corruption.Found is { } damage)
        {
            TakeQueued(GroupSize);
            _group.ForEach(job => job.Failure = damage);
            return;
        }
        try
        {
            _connection.Execute("BEGIN IMMEDIATE");
            RunAllQueued();
            _connection.Execute("COMMIT");
            Succeeded();
        }
        catch (Exception failure)
        {
            _corruption.Note(Translate(failure));
            // No caller has got a result yet: the effect of one job on all others is undone by running each on its own.
            LogGroupFailed(failure, _group.Count);
            RollBack();
            TakeQueued(GroupSize);
            RunOneByOne();
        }
    }

    private void RunAllQueued()
    {
        var began = _time.GetTimestamp();
        while (_group.Count < GroupSize && _time.GetElapsedTime(began) < GroupTime && _queue.Reader.TryRead(out var job))
        {
            if (job.TryBegin())
            {
                _group.Add(job);
                _times.OfJob(job, RunInSavepoint);
            }
        }
    }

    private void RunInSavepoint(WriteJob job)
    {
        _connection.Execute("SAVEPOINT job");
        try
        {
            RunInContext(job);
        }
        catch (Exception failure) when (!SqliteFailure.IsOfStorage(failure) && InTransaction)
        {
            job.Failure = failure;
            _connection.Execute("ROLLBACK TO job");
        }
        // It fails, as it must, if the transaction ended in a job that did not report it.
        _connection.Execute("RELEASE job");
    }

    /// <summary>
    /// Runs a job in a context that is emptied and reused as long as no job fails: a new one defines EF's functions on the connection again, which costs more than
    /// the job and makes SQLite prepare every statement anew.
    /// </summary>
    private void RunInContext(WriteJob job)
    {
        var context = _context ?? _newContext();
        _context = null;
        try
        {
            context.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
            job.Run(context);
            context.ChangeTracker.Clear();
            _context = context;
        }
        finally
        {
            if (_context is null)
            {
                context.Dispose();
            }
        }
    }

    private void TakeQueued(int most)
    {
        while (_group.Count < most && _queue.Reader.TryRead(out var job))
        {
            if (job.TryBegin())
            {
                _group.Add(job);
            }
        }
    }

    private void RunOneByOne()
    {
        Exception? away = _corruption.Found;
        foreach (var job in _group)
        {
            if (away is null && TryBegin(out away))
            {
                _times.OfJob(job, RunAlone);
                away = _corruption.Found;
            }
            else
            {
                job.Failure = away;
            }
        }
    }

    /// <summary>Begins a transaction. Another process may have locked the file: that is waited for once, not once per job.</summary>
    private bool TryBegin([NotNullWhen(false)] out Exception? failure)
    {
        failure = null;
        try
        {
            _connection.Execute("BEGIN IMMEDIATE");
        }
        catch (SqliteException e)
        {
            _failed = true;
            failure = Translate(e);
            _corruption.Note(failure);
        }
        return failure is null;
    }

    private void RunAlone(WriteJob job)
    {
        try
        {
            RunInContext(job);
            _connection.Execute("COMMIT");
            Succeeded();
        }
        catch (Exception failure)
        {
            RollBack();
            _failed |= SqliteFailure.IsOfStorage(failure);
            job.Failure = Translate(failure);
            _corruption.Note(job.Failure);
        }
    }

    private void Succeeded()
    {
        if (_failed)
        {
            _failed = false;
            LogRecovered();
        }
    }

    /// <summary>Translates a failure, see <see cref="SqliteFailure.Translate"/>. A table without numbers for new rows is damaged, not full.</summary>
    private Exception Translate(Exception failure) => SqliteFailure.IsFull(failure) && HasUsedUpNumbers()
        ? Corruption.Damaged(new InvalidOperationException("a table has no number left for a new row. If this is the only damage, the next start repairs it", failure))
        : SqliteFailure.Translate(failure);

    private bool HasUsedUpNumbers()
    {
        try
        {
            using var command = _connection.CreateCommand();
            command.CommandText = """SELECT group_concat('SELECT max(rowid) AS n FROM "' || name || '" UNION ALL ', '') || 'SELECT max(seq) FROM sqlite_sequence' FROM sqlite_sequence""";
            command.CommandText = $"SELECT max(n) FROM ({command.ExecuteScalar()})";
            return command.ExecuteScalar() is long.MaxValue;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    private bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    private void RollBack()
    {
        try
        {
            if (InTransaction)
            {
                _connection.Execute("ROLLBACK");
            }
        }
        catch (SqliteException) when (_corruption.Found is not null)
        {
            // Nothing is written any more in either case.
        }
    }

    [LoggerMessage(LogLevel.Warning, "A group of {Jobs} writes failed; each is run on its own")]
    private partial void LogGroupFailed(Exception failure, int jobs);

    [LoggerMessage(LogLevel.Critical, "The storage writer has ended")]
    private partial void LogEnded(Exception failure);

    [LoggerMessage(LogLevel.Information, "The storage can be written again")]
    private partial void LogRecovered();
}
