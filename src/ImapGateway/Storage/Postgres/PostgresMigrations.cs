using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>
/// Brings the tables up to date, one gateway after the other. The lock is of the session: the server lets go of it when the process dies, and each migration
/// is a transaction, so that one that was killed leaves nothing behind.
/// </summary>
internal sealed partial class PostgresMigrations(NpgsqlDataSource source, Func<DbContextOptions, GatewayDbContext> context, ILogger log)
{
    /// <summary>The octets of "imapgate": advisory locks of others in the same database have other numbers.</summary>
    private const long LockId = 0x696D617067617465;

    /// <param name="whileAlone">Run with the lock, once the tables are there.</param>
    /// <param name="cancel">Ends it after the migration that runs.</param>
    /// <param name="last">The last one to apply; null: all that there are.</param>
    /// <returns>The ids of the migrations that were applied.</returns>
    public async Task<IReadOnlyList<string>> ApplyAsync(Action whileAlone, CancellationToken cancel, string? last = null)
    {
        // Not pooled: closing it gives the lock back.
        await using var connection = await source.OpenConnectionAsync(cancel);
        await LockAsync(connection, cancel);
        await using var database = context(new DbContextOptionsBuilder().UseNpgsql(connection).Options);
        var pending = KnownMigrations.PendingOf(database.GetType(), await AppliedToAsync(connection, cancel), "Storage:ConnectionString: the database");
        if (pending.Count > 0)
        {
            // Some take as long as the tables are large.
            database.Database.SetCommandTimeout(0);
            await database.Database.MigrateAsync(last, cancel);
        }
        whileAlone();
        return pending;
    }

    private async Task LockAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var attempt = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = LockId } } };
        if (await attempt.ExecuteScalarAsync(cancel) is true)
        {
            return;
        }
        LogWaiting();
        await using var wait = new NpgsqlCommand("SELECT pg_advisory_lock($1)", connection) { Parameters = { new() { Value = LockId } }, CommandTimeout = 0 };
        await wait.ExecuteNonQueryAsync(cancel);
    }

    public static async Task<HashSet<string>> AppliedToAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        var applied = new HashSet<string>(StringComparer.Ordinal);
        await using var exists = new NpgsqlCommand("""SELECT to_regclass('"__EFMigrationsHistory"') IS NOT NULL""", connection);
        if (await exists.ExecuteScalarAsync(cancel) is true)
        {
            await using var all = new NpgsqlCommand("""SELECT "MigrationId" FROM "__EFMigrationsHistory" """, connection);
            await using var rows = await all.ExecuteReaderAsync(cancel);
            while (await rows.ReadAsync(cancel))
            {
                applied.Add(rows.GetString(0));
            }
        }
        return applied;
    }

    [LoggerMessage(LogLevel.Information, "Another gateway is preparing the database; waiting for it")]
    private partial void LogWaiting();
}
