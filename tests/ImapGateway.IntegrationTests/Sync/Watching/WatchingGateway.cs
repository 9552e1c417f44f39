using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>A gateway with settings of the watcher's, for all tests of a class.</summary>
public abstract class WatchingGateway(params (string Name, string Value)[] settings) : IAsyncLifetime
{
    public GatewayProcess Process { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Process = await GatewayProcess.Start(settings);

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}

/// <summary>Polls once in an hour: what it sees before that it was told.</summary>
public sealed class ListeningGateway() : WatchingGateway(("Watch:PollInterval", "1h"), ("Imap:CommandTimeout", "5s"));

/// <summary>Polls all the time.</summary>
public sealed class PollingGateway() : WatchingGateway(("Watch:PollInterval", "200ms"), ("Imap:CommandTimeout", "5s"));

/// <summary>Waits for the other half of a move, and polls often where the server tells nothing.</summary>
public sealed class MovingGateway() : WatchingGateway(("Watch:MoveWindow", "2s"), ("Watch:PollInterval", "300ms"));

/// <summary>An account that is watched through a proxy.</summary>
public sealed class Watched : IAsyncDisposable
{
    private Watched(World world, TapProxy tap, ApiAccount account) => (World, Tap, Account, Committed) = (world, tap, account, new Committed(world.Gateway, account.Id));

    public World World { get; }

    public TapProxy Tap { get; }

    public ApiAccount Account { get; }

    public Committed Committed { get; }

    public static async Task<Watched> Start(World world, string scope = "all")
    {
        var tap = TapProxy.Start(world.Dovecot.Port);
        var watched = new Watched(world, tap, await world.AddAccount(tap.Port, scope));
        await watched.Is("connected");
        return watched;
    }

    public async Task<string> State() => (await World.Api.Get(Account.Path)).Text("state");

    public async Task Is(string state)
    {
        var last = "";
        try
        {
            await TestWait.For(async () => (last = await State()) == state);
        }
        catch (OperationCanceledException)
        {
            Assert.Equal(state, last);
        }
    }

    public ValueTask DisposeAsync() => Tap.DisposeAsync();
}
