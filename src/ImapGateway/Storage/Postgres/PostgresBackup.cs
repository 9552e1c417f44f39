using System.Collections.Immutable;
using System.Data;
using System.Globalization;
using ImapGateway.Settings;
using ImapGateway.Storage.Backup;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace ImapGateway.Storage.Postgres;

/// <summary>
/// Makes backups of a database on a PostgreSQL server: all tables by COPY, read in one snapshot while the gateway goes on writing. It needs only the connection. A backup can be restored on any later
/// version of the server, by this or a later version of the gateway.
/// </summary>
/// <param name="connectionString">The connection string of the settings.</param>
/// <param name="owner">The owner lock. It is taken to write, so that no gateway may be running then.</param>
/// <param name="directory">The data directory with the admin key.</param>
internal sealed class PostgresBackup(string connectionString, PostgresOwner owner, DataDirectory directory, TimeProvider time)
{
    /// <summary>The time to wait for a gateway that was just stopped and may need a moment to give the database back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private const string Place = "Storage:ConnectionString: the database";

    /// <exception cref="StartupException">There is nothing to copy, or the copy cannot be written.</exception>
    public Task BackUpAsync(string path, CancellationToken cancel) => BackupFolder.MakeAsync(path, folder => ConnectedAsync(
        "The backup was not made",
        async source =>
        {
            await using var connection = await source.OpenConnectionAsync(cancel);
            var migration = KnownMigrations.DemandPresent(typeof(PostgresGatewayDbContext), await PostgresMigrations.AppliedToAsync(connection, cancel), Place);
            var manifest = BackupManifest.Of(StorageProvider.Postgres, time.GetUtcNow(), migration);
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
            await ExecuteAsync(connection, "SET TRANSACTION READ ONLY", cancel);
            var tables = ImmutableArray.CreateBuilder<BackupTable>();
            foreach (var table in Tables())
            {
                var copied = await WithNumberAsync(connection, table, cancel);
                await using var file = PrivateFile.Create(Path.Combine(folder, table.FileName));
                await using var rows = await connection.BeginRawBinaryCopyAsync($"COPY {Name(table.Name)} ({Names(table.Columns)}) TO STDOUT (FORMAT BINARY)", cancel);
                await rows.CopyToAsync(file, cancel);
                tables.Add(copied);
            }
            await transaction.CommitAsync(cancel);
            DataFiles.Copy(directory.Path, folder);
            (manifest with { Tables = tables.ToImmutable() }).Write(folder);
        }));

    /// <exception cref="StartupException">The folder is not a complete backup, or the database is not empty; nothing is restored.</exception>
    public async Task RestoreAsync(string folder, CancellationToken cancel)
    {
        var manifest = BackupManifest.Read(folder, StorageProvider.Postgres);
        KnownMigrations.DemandKnown(typeof(PostgresGatewayDbContext), manifest.Migration, folder);
        await ConnectedAsync(
            "The backup was not restored",
            async source =>
            {
                directory.Claim();
                DataFiles.DemandRoom(folder, directory.Path);
                using var made = new RestoredFiles();
                await owner.TakeAsync(Patience, cancel);
                await using var connection = await source.OpenConnectionAsync(cancel);
                await owner.JoinWritersAsync(connection, cancel);
                await PostgresMigrations.ApplyAsync(connection, PostgresStorage.NewContext, cancel, manifest.Migration);
                await using var transaction = await connection.BeginTransactionAsync(cancel);
                await ExecuteAsync(connection, """LOCK TABLE "store" IN ACCESS EXCLUSIVE MODE""", cancel);
                if (await ScalarAsync(connection, """SELECT count(*) FROM "store" """, cancel) > 0)
                {
                    throw new StartupException($"{Place} is not empty: create a new one for the backup");
                }
                foreach (var table in manifest.Tables)
                {
                    await RestoreAsync(connection, table, folder, cancel);
                }
                await using var mark = new NpgsqlCommand("""UPDATE "store" SET "Restored" = $1""", connection) { Parameters = { new() { Value = manifest.Description } } };
                await mark.ExecuteNonQueryAsync(cancel);
                DataFiles.Restore(manifest, folder, directory.Path, made);
                try
                {
                    await transaction.CommitAsync(cancel);
                    made.Keep();
                }
                catch (Exception failure) when (PostgresFailure.LeavesCommitInDoubt(failure))
                {
                    // A database that was restored after all needs them.
                    made.Keep();
                    throw;
                }
            });
    }

    /// <exception cref="StartupException">There is no database, or a gateway uses it.</exception>
    public Task MarkRestoredAsync(string reason, CancellationToken cancel) => ConnectedAsync(
        "Nothing was written",
        async source =>
        {
            await owner.TakeAsync(Patience, cancel);
            await using var connection = await source.OpenConnectionAsync(cancel);
            KnownMigrations.DemandPresent(typeof(PostgresGatewayDbContext), await PostgresMigrations.AppliedToAsync(connection, cancel), Place);
            // A gateway that stands still meanwhile must not go on with what it remembers.
            await owner.BeginTermAsync(cancel);
            await owner.JoinWritersAsync(connection, cancel);
            await using var mark = new NpgsqlCommand("""UPDATE "store" SET "Restored" = $1""", connection) { Parameters = { new() { Value = reason } } };
            await mark.ExecuteNonQueryAsync(cancel);
        });

    private static async Task RestoreAsync(NpgsqlConnection connection, BackupTable table, string folder, CancellationToken cancel)
    {
        await using (var file = File.OpenRead(Path.Combine(folder, table.FileName)))
        await using (var rows = await connection.BeginRawBinaryCopyAsync($"COPY {Name(table.Name)} ({Names(table.Columns)}) FROM STDIN (FORMAT BINARY)", cancel))
        {
            await file.CopyToAsync(rows, cancel);
        }
        if (table.Identity is { } column && table.LastNumber > 0)
        {
            await using var number = new NpgsqlCommand("SELECT setval(pg_get_serial_sequence($1, $2), $3)", connection)
            {
                Parameters = { new() { Value = Name(table.Name) }, new() { Value = column }, new() { Value = table.LastNumber } },
            };
            await number.ExecuteNonQueryAsync(cancel);
        }
    }

    /// <summary>Adds the last number of a table. Numbers are given outside of transactions: the number that is read now is not less than those in the rows of the snapshot.</summary>
    private static async Task<BackupTable> WithNumberAsync(NpgsqlConnection connection, BackupTable table, CancellationToken cancel)
    {
        if (table.Identity is not { } column)
        {
            return table;
        }
        await using var command = new NpgsqlCommand("SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence($1, $2)), 0)", connection)
        {
            Parameters = { new() { Value = Name(table.Name) }, new() { Value = column } },
        };
        return table with { LastNumber = Convert.ToInt64(await command.ExecuteScalarAsync(cancel), CultureInfo.InvariantCulture) };
    }

    /// <summary>Returns the tables of the model, each after those that it refers to.</summary>
    private static List<BackupTable> Tables()
    {
        using var database = PostgresStorage.NewContext(new DbContextOptionsBuilder().UseNpgsql("Host=none").Options);
        var entities = database.Model.GetEntityTypes().ToList();
        var ordered = new List<IEntityType>();
        while (ordered.Count < entities.Count)
        {
            ordered.AddRange(entities.Where(entity => !ordered.Contains(entity) && entity.GetForeignKeys().All(key => ordered.Contains(key.PrincipalEntityType))).ToList());
        }
        return ordered.ConvertAll(entity => new BackupTable(
            entity.GetTableName()!,
            [.. entity.GetProperties().Select(property => property.GetColumnName())],
            entity.GetProperties().FirstOrDefault(property => NpgsqlPropertyExtensions.GetValueGenerationStrategy(property) == NpgsqlValueGenerationStrategy.IdentityByDefaultColumn)?.GetColumnName(),
            0));
    }

    private async Task ConnectedAsync(string failed, Func<NpgsqlDataSource, Task> run)
    {
        try
        {
            // No timeout: the time depends on the size of the table.
            await using var source = PostgresConnectionString.Open($"{connectionString};Command Timeout=0", pooled: false);
            await run(source);
        }
        catch (NpgsqlException failure)
        {
            throw new StartupException($"{failed}: {PostgresStartupFault.Describe(failure, connectionString)}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{failed}: {failure.Message}");
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancel);
    }

    private static async Task<long> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(cancel))!;
    }

    private static string Name(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(Name));
}
