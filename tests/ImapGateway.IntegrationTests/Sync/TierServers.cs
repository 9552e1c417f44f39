using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>How much a mail server tells of what has changed (see <see cref="DovecotProfile"/>).</summary>
public enum Tier
{
    /// <summary>QRESYNC.</summary>
    A,

    /// <summary>CONDSTORE alone.</summary>
    B,

    /// <summary>Neither.</summary>
    C,
}

/// <summary>One Dovecot of each tier for all tests that are about them, started when the first asks.</summary>
public sealed class TierServers : IAsyncDisposable
{
    private static readonly Lazy<Task<DovecotServer>> CondstoreOnly = new(() => DovecotServer.Start(new DovecotOptions { Profile = DovecotProfile.CondstoreOnly }));
    private static readonly Lazy<Task<DovecotServer>> Plain = new(() => DovecotServer.Start(new DovecotOptions { Profile = DovecotProfile.Plain }));

    /// <summary>A user of the test's own at the server of the tier, and the shared gateway.</summary>
    public static async Task<World> World(Tier tier) => await IntegrationTests.World.With(await Dovecot(tier));

    /// <summary>The same with another gateway, which is not the world's to end.</summary>
    public static async Task<World> World(Tier tier, GatewayProcess gateway) => IntegrationTests.World.With(await Dovecot(tier), gateway);

    private static Task<DovecotServer> Dovecot(Tier tier) => tier switch
    {
        Tier.A => SharedServers.Dovecot,
        Tier.B => CondstoreOnly.Value,
        _ => Plain.Value,
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var server in new[] { CondstoreOnly, Plain }.Where(server => server.IsValueCreated && !server.Value.IsFaulted))
        {
            await (await server.Value).DisposeAsync();
        }
    }
}
