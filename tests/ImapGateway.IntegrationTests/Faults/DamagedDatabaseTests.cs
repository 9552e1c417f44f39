using System.Net;
using System.Security.Cryptography;

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
