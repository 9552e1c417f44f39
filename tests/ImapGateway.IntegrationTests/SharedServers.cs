using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests;

/// <summary>One Dovecot, one Courier, one Cyrus, one PostgreSQL and one gateway on its defaults for all ordinary tests of a run, started when the first test asks; each test has a user of its own.</summary>
public sealed class SharedServers : IAsyncDisposable
{
    private static readonly Lazy<Task<DovecotServer>> StartedDovecot = new(() => DovecotServer.Start());
    private static readonly Lazy<Task<CourierServer>> StartedCourier = new(() => CourierServer.Start());
    private static readonly Lazy<Task<CyrusServer>> StartedCyrus = new(() => CyrusServer.Start());
    private static readonly Lazy<Task<PostgresServer>> StartedPostgres = new(() => PostgresServer.Start());
    private static readonly Lazy<Task<GatewayProcess>> StartedGateway = new(() => GatewayProcess.Start());

    public static Task<DovecotServer> Dovecot => StartedDovecot.Value;

    /// <summary>The mail server of this kind; the test is skipped where it cannot run on this machine.</summary>
    public static async Task<IMailServer> Mail(MailServerKind kind)
    {
        switch (kind)
        {
            case MailServerKind.Courier:
                Assert.SkipWhen(UnpackedPackages.Missing(CourierServer.Name) is not null, UnpackedPackages.Missing(CourierServer.Name) ?? "");
                return await StartedCourier.Value;
            case MailServerKind.Cyrus:
                Assert.SkipWhen(UnpackedPackages.Missing(CyrusServer.Name) is not null, UnpackedPackages.Missing(CyrusServer.Name) ?? "");
                return await StartedCyrus.Value;
            default:
                return await Dovecot;
        }
    }

    /// <summary>For databases of a test's own.</summary>
    public static Task<PostgresServer> Postgres => StartedPostgres.Value;

    public static Task<GatewayProcess> Gateway => StartedGateway.Value;

    public async ValueTask DisposeAsync()
    {
        await End(StartedGateway);
        await End(StartedDovecot);
        await End(StartedCourier);
        await End(StartedCyrus);
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

/// <summary>Real mail servers that tests run on.</summary>
public enum MailServerKind
{
    Dovecot,
    Courier,
    Cyrus,
}
