using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests;

/// <summary>One Dovecot, one PostgreSQL and one gateway on its defaults for all ordinary tests of a run, started when the first test asks; each test has a user of its own.</summary>
public sealed class SharedServers : IAsyncDisposable
{
    private static readonly Lazy<Task<DovecotServer>> StartedDovecot = new(() => DovecotServer.Start());
    private static readonly Lazy<Task<PostgresServer>> StartedPostgres = new(() => PostgresServer.Start());
    private static readonly Lazy<Task<GatewayProcess>> StartedGateway = new(() => GatewayProcess.Start());

    public static Task<DovecotServer> Dovecot => StartedDovecot.Value;

    /// <summary>For databases of a test's own.</summary>
    public static Task<PostgresServer> Postgres => StartedPostgres.Value;

    public static Task<GatewayProcess> Gateway => StartedGateway.Value;

    public async ValueTask DisposeAsync()
    {
        await End(StartedGateway);
        await End(StartedDovecot);
        await End(StartedPostgres);
    }

    private static async Task End<T>(Lazy<Task<T>> server)
        where T : IAsyncDisposable
    {
        // One that could not start has told so in the tests that asked for it.
        if (server.IsValueCreated && !server.Value.IsFaulted)
        {
            await (await server.Value).DisposeAsync();
        }
    }
}
