using System.Threading.Channels;
using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage.Sqlite;

/// <summary>Runs jobs on a database in one file, for one process.</summary>
/// <param name="file">The file; its folder must exist.</param>
/// <param name="context">Makes the context of a job from its options.</param>
/// <param name="time">Measures how long a group of writes is collected.</param>
/// <param name="log">The log, which reports when the storage fails and when it recovers.</param>
public sealed class SqliteDatabase(SqliteFile file, Func<DbContextOptions, GatewayDbContext> context, TimeProvider time, ILogger<SqliteDatabase> log)
    : IDatabase, IAsyncDisposable
{
    private readonly SqliteReaders _readers = new(file, context);
    private readonly Corruption _corruption = new(log);
    private SqliteWriter? _writer;
    private volatile bool _closed;

    /// <summary>True if the storage refused the last write. The fault may be over, and only a write can show it.</summary>
    public bool WritesFail => _writer?.Failed ?? true;

    /// <summary>Raised when the writing thread has ended by a failure: this process cannot write any more.</summary>
    public event Action<Exception>? WriterFailed;

    /// <exception cref="ProblemException">The database is damaged.</exception>
    public void ThrowIfCorrupt() => _corruption.ThrowIfFound();

    /// <summary>Accepts jobs. Called before the first read or write, when the tables exist.</summary>
    public void Open() => _writer = new SqliteWriter(file, context, time, log, _corruption) { Failing = failure => WriterFailed?.Invoke(failure) };

    public async Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel) =>
        _writer is null || _closed ? throw NotOpen() : await Task.Run(() => ReadOnPoolAsync(query, cancel), cancel);

    public async Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel)
    {
        _corruption.ThrowIfFound();
        var write = new WriteJob<T>(job, cancel);
        try
        {
            await (_writer ?? throw NotOpen()).EnqueueAsync(write, cancel);
        }
        catch (ChannelClosedException)
        {
            throw NotOpen();
        }
        return await write.Completion;
    }

    /// <summary>Runs the queued writes and refuses later ones.</summary>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        // The readers are closed first: the last connection to be closed brings the log into the file, and a reader may not.
        _readers.Dispose();
        if (_writer is { } writer)
        {
            await writer.DisposeAsync();
        }
    }

    private async Task<T> ReadOnPoolAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel)
    {
        try
        {
            return await _readers.ReadAsync(query, cancel);
        }
        catch (Exception failure) when (failure is not ProblemException && SqliteFailure.IsOfStorage(failure))
        {
            var told = SqliteFailure.Translate(failure);
            _corruption.Note(told);
            throw told;
        }
    }

    private static ProblemException NotOpen() => SqliteFailure.Unavailable("The gateway is starting or stopping.");
}
