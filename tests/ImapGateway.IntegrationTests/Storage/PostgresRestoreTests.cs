using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>Restores into PostgreSQL that are refused or fail, and what is there afterwards. The files are the same as on SQLite, see RestoreTests.</summary>
public sealed class PostgresRestoreTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_damaged_file_of_a_table_is_refused_before_the_database_is_touched()
    {
        var backup = await Backup();
        var empty = await (await SharedServers.Postgres).NewDatabase();
        foreach (var table in Directory.GetFiles(backup, "*.copy"))
        {
            var content = await File.ReadAllBytesAsync(table);
            foreach (var damaged in new[] { content[..^1], [.. content[..^1], (byte)(content[^1] ^ 1)], [] })
            {
                await File.WriteAllBytesAsync(table, damaged);
                Assert.StartsWith($"{backup} is damaged: {Path.GetFileName(table)} has ", await Refused(empty, backup), StringComparison.Ordinal);
            }
            File.Delete(table);
            Assert.Equal($"{backup} is damaged: {Path.GetFileName(table)} is missing", await Refused(empty, backup));
            await File.WriteAllBytesAsync(table, content);
        }
        Assert.Equal(0L, await Tables(empty));
        Assert.False(Directory.Exists(_folder["target"]));
        await Restore(empty, backup);
    }

    [Fact]
    public async Task An_admin_key_of_another_gateway_is_refused_before_the_database_is_touched()
    {
        var backup = await Backup();
        var empty = await (await SharedServers.Postgres).NewDatabase();
        Directory.CreateDirectory(_folder["target"]);
        await File.WriteAllTextAsync(Path.Combine(_folder["target"], "admin.key"), "of another gateway");
        Assert.Equal($"{Path.Combine(_folder["target"], "admin.key")} is not a file of the backup: move it away first", await Refused(empty, backup));
        Assert.Equal(0L, await Tables(empty));
    }

    [Fact]
    public async Task A_restore_that_fails_half_way_leaves_no_rows_and_can_be_repeated()
    {
        var backup = await Backup();
        var empty = await (await SharedServers.Postgres).NewDatabase();
        // A directory has the name of the file that is restored after the tables.
        var obstacle = Path.Combine(_folder["target"], "admin.key");
        Directory.CreateDirectory(obstacle);
        Assert.StartsWith("The backup was not restored: ", await Refused(empty, backup), StringComparison.Ordinal);
        Assert.Equal(0L, await Execute(empty, "SELECT count(*) FROM idempotency"));
        Directory.Delete(obstacle);
        await Restore(empty, backup);
        Assert.Equal(1L, await Execute(empty, "SELECT count(*) FROM idempotency"));
        Assert.Equal("the admin key", await File.ReadAllTextAsync(obstacle));
    }

    private async Task<string> Backup()
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        Directory.CreateDirectory(_folder["source"]);
        await File.WriteAllTextAsync(Path.Combine(_folder["source"], "admin.key"), "the admin key");
        await using var storage = Open(database, new DataDirectory(_folder["source"]));
        await storage.OpenAsync(NoGuard.Instance, default);
        await storage.Database.Add("a row");
        await storage.BackUpAsync(_folder["backup"], default);
        return _folder["backup"];
    }

    private async Task Restore(string database, string backup)
    {
        using var directory = new DataDirectory(_folder["target"]);
        await using var storage = Open(database, directory);
        await storage.RestoreAsync(backup, default);
    }

    private async Task<string> Refused(string database, string backup) => Assert.Single((await Assert.ThrowsAsync<StartupException>(() => Restore(database, backup))).Lines);

    private static Task<object?> Tables(string database) => Execute(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");

    private static PostgresStorage Open(string database, DataDirectory directory) => new(new StorageOptions { ConnectionString = database }, directory, TimeProvider.System, NullLoggerFactory.Instance);

    private static async Task<object?> Execute(string database, string sql) => await (await SharedServers.Postgres).Execute(sql, new NpgsqlConnectionStringBuilder(database).Database!);
}
