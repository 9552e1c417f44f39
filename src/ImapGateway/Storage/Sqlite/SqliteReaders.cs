using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage.Sqlite;

/// <summary>
/// Pools connections that only read, each kept with its context: EF defines some twenty functions on the connection for every context that is made, which
/// takes longer than most queries. Tracking nothing, a context is as good as new after each read.
/// </summary>
internal sealed class SqliteReaders(SqliteFile file, Func<DbContextOptions, GatewayDbContext> context) : IDisposable
{
    private const int Kept = 8;

    private readonly ConcurrentBag<Reader> _idle = [];
    private volatile bool _closed;

    public async Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel)
    {
        var reader = _idle.TryTake(out var kept) ? kept : Open();
        var reusable = false;
        try
        {
            reader.Connection.Execute("BEGIN");
            var result = await query(reader.Context, cancel);
            reader.Connection.Execute("COMMIT");
            reusable = true;
            return result;
        }
        finally
        {
            if (reusable && _idle.Count < Kept)
            {
                _idle.Add(reader);
            }
            else
            {
                reader.Dispose();
            }
            if (_closed)
            {
                CloseIdle();
            }
        }
    }

    /// <summary>Closes the connections. A read that is still running closes its own when it ends.</summary>
    public void Dispose()
    {
        _closed = true;
        CloseIdle();
    }

    private Reader Open()
    {
        var connection = file.OpenForReading();
        var options = new DbContextOptionsBuilder().UseSqlite(connection).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options;
        return new Reader(connection, context(options));
    }

    private void CloseIdle()
    {
        while (_idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private sealed record Reader(SqliteConnection Connection, GatewayDbContext Context) : IDisposable
    {
        public void Dispose()
        {
            Context.Dispose();
            Connection.Dispose();
        }
    }
}
