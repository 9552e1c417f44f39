using ImapGateway.Settings;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>Brings the tables up to date. It is only called while the database is owned. Each migration is a transaction: one that was killed leaves nothing behind.</summary>
internal static class PostgresMigrations
{
    /// <param name="connection">The connection to the database.</param>
    /// <param name="context">The context of the tables.</param>
    /// <param name="cancel">A token that ends it after the running migration.</param>
    /// <param name="last">The last migration to apply; null: all.</param>
    /// <returns>The ids of the migrations that were applied.</returns>
    /// <exception cref="StartupException">The database was written by a newer version.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        NpgsqlConnection connection, Func<DbContextOptions, GatewayDbContext> context, CancellationToken cancel, string? last = null)
    {
        await using var database = context(new DbContextOptionsBuilder().UseNpgsql(connection).Options);
        var pending = KnownMigrations.PendingOf(database.GetType(), await AppliedToAsync(connection, cancel), "Storage:ConnectionString: the database");
        if (pending.Count > 0)
        {
            // Some take longer for large tables.
            database.Database.SetCommandTimeout(0);
            await database.Database.MigrateAsync(last, cancel);
        }
        return pending;
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
}
