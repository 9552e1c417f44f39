using System.Net;
using System.Security.Cryptography;
using ImapGateway.Access;
using ImapGateway.IntegrationTests.Storage;
using ImapGateway.Keys;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>A database file whose pages are overwritten.</summary>
public sealed class DamagedDatabaseTests
{
    private const int PageSize = 4096;

    /// <summary>Everything but the first page, in the file and in its log.</summary>
    private static void Overwrite(GatewayProcess gateway)
    {
        foreach (var path in Directory.GetFiles(gateway.DataDirectory, "gateway.db*").Where(path => !path.EndsWith("-shm", StringComparison.Ordinal)))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            if (file.Length > PageSize)
            {
                var garbage = RandomNumberGenerator.GetBytes((int)file.Length - PageSize);
                file.Position = PageSize;
                file.Write(garbage);
            }
        }
    }

    [Fact]
    public async Task Damage_while_it_runs_stops_all_writes_and_nothing_else()
    {
        await using var gateway = await GatewayProcess.Start();
        var api = new ApiClient(gateway);
        (await api.Post("/v1/keys", new { name = "before", scopes = new[] { "mail.read" } })).Is(HttpStatusCode.Created);
        Overwrite(gateway);
        await TestWait.For(async () => (await api.Post("/v1/keys", new { name = "after", scopes = new[] { "mail.read" } })).Status == HttpStatusCode.ServiceUnavailable);
        (await api.Post("/v1/keys", new { name = "after", scopes = new[] { "mail.read" } })).IsProblem("storage_corrupt");
        Assert.Contains("\"unhealthy\"", (await api.Get("/health/ready")).Is(HttpStatusCode.ServiceUnavailable).Text, StringComparison.Ordinal);
        (await api.Get("/health/live")).Is(HttpStatusCode.OK);
        Assert.Single(gateway.Output.Entries, line => line.Contains("The database is damaged, and nothing is written any more", StringComparison.Ordinal));
        Assert.False(gateway.HasExited);
    }

    [Fact]
    public async Task Damage_of_a_relation_of_PostgreSQL_stops_all_writes()
    {
        await using var store = await StoreUnderTest.Postgres();
        await using var admin = new NpgsqlConnection(store.ConnectionString);
        await admin.OpenAsync();
        var row = new ApiKey
        {
            Id = "k",
            Sha256 = new byte[32],
            Hint = "k",
            Name = "k",
            Scopes = Scope.Accounts,
            Accounts = null,
            ExpiresAt = null,
            CreatedAt = DateTimeOffset.UtcNow,
            CreatedBy = null,
        };
        await store.Database.WriteAsync(
            (db, _) =>
            {
                db.Add(row);
                return Task.FromResult(true);
            },
            default);
        // Rewritten tables go to the disk beside the shared buffers: the next scan reads the file.
        await Execute("VACUUM FULL api_key");
        await using var path = new NpgsqlCommand("SELECT pg_relation_filepath('api_key')", admin);
        var server = await SharedServers.Postgres;
        await File.WriteAllBytesAsync(server.PathOf((string)(await path.ExecuteScalarAsync())!), RandomNumberGenerator.GetBytes(2 * 8192));

        await IsCorrupt(() => store.Database.ReadAsync((db, token) => db.Set<ApiKey>().ToListAsync(token), default));
        var ran = false;
        await IsCorrupt(() => store.Database.WriteAsync((_, _) => Task.FromResult(ran = true), default));
        Assert.False(ran);

        async Task Execute(string sql)
        {
            await using var command = new NpgsqlCommand(sql, admin);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task IsCorrupt(Func<Task> use) => Assert.Equal(Mail.ErrorCode.StorageCorrupt, (await Assert.ThrowsAsync<Mail.ProblemException>(use)).Code);

    [Fact]
    public async Task Damage_found_at_the_start_is_told_in_one_line()
    {
        await using var gateway = await GatewayProcess.Start();
        await gateway.Stop();
        await File.WriteAllBytesAsync(Path.Combine(gateway.DataDirectory, "gateway.db"), RandomNumberGenerator.GetBytes(64 * 1024));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(gateway.Resume);
        Assert.StartsWith("The gateway ended with 1:", failure.Message, StringComparison.Ordinal);
        Assert.Contains("gateway.db is damaged", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", failure.Message, StringComparison.Ordinal);
    }
}
