using ImapGateway.Settings;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage.Sqlite;

/// <summary>
/// Brings the tables up to date. It is only called while the data directory is locked: no other process migrates, so a migration lock that is found belongs to a
/// process that was killed, and EF would wait for it for ever.
/// </summary>
public static class SqliteMigrations
{
    /// <returns>The ids of the migrations that were applied.</returns>
    /// <exception cref="StartupException">The file was written by a newer version.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(SqliteFile file, Func<DbContextOptions, GatewayDbContext> context, CancellationToken cancel)
    {
        using var connection = file.OpenForWriting();
        await using var database = context(new DbContextOptionsBuilder().UseSqlite(connection).Options);
        var pending = KnownMigrations.PendingOf(database.GetType(), AppliedTo(connection), $"DataDirectory: {file.Path}");
        if (pending.Count > 0)
        {
            connection.Execute("DROP TABLE IF EXISTS \"__EFMigrationsLock\"");
            await database.Database.MigrateAsync(cancel);
        }
        return pending;
    }

    /// <summary>Demands that the file has all tables of this version, for processes that only read it.</summary>
    /// <returns>The id of the last migration.</returns>
    /// <exception cref="StartupException">The file was written by another version.</exception>
    public static string DemandPresent(SqliteFile file)
    {
        using var connection = file.OpenForReading();
        return KnownMigrations.DemandPresent(typeof(SqliteGatewayDbContext), AppliedTo(connection), $"DataDirectory: {file.Path}");
    }

    private static HashSet<string> AppliedTo(SqliteConnection connection)
    {
        var applied = new HashSet<string>(StringComparer.Ordinal);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = '__EFMigrationsHistory'";
        if (command.ExecuteScalar() is 1L)
        {
            command.CommandText = "SELECT MigrationId FROM __EFMigrationsHistory";
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                applied.Add(rows.GetString(0));
            }
        }
        return applied;
    }
}
