using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A real Redis that keeps nothing on the disk: what it had is gone when it ends.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    public const string Password = "pass,word=1";
    private const string Program = "/usr/bin/redis-server";

    private readonly TemporaryDirectory _directory = new();
    private readonly string[] _settings;
    private ChildProcess? _process;

    private RedisServer(string[] settings) => _settings = settings;

    public static string Host => "127.0.0.1";

    public int Port { get; private set; }

    /// <summary>What the gateway is given.</summary>
    public string ConnectionString => $"{Host}:{Port}";

    /// <summary>What the server wrote to its log in its current or last life.</summary>
    public string Log => _process is null ? "" : string.Join('\n', _process.Output.Entries);

    /// <param name="settings">As on its command line: <c>--maxmemory</c>, <c>2mb</c>.</param>
    public static async Task<RedisServer> Start(params string[] settings)
    {
        if (!File.Exists(Program))
        {
            throw new InvalidOperationException("Redis is missing: ./dev test installs it (redis-server).");
        }
        return await new RedisServer(settings).AfterAsync(server => Starting.OnFreePortsAsync(
            "Redis",
            () =>
            {
                server.Port = FreePort.Next();
                return server.TryStart();
            },
            () => server.Log));
    }

    /// <summary>A client that may do everything and waits long.</summary>
    public async Task<ConnectionMultiplexer> Client() => await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
    {
        EndPoints = { new IPEndPoint(IPAddress.Loopback, Port) },
        AllowAdmin = true,
        AsyncTimeout = 30_000,
    });

    /// <summary>One command, as an operator would type it.</summary>
    public async Task<RedisResult> Execute(string command, params object[] arguments)
    {
        await using var client = await Client();
        return await client.GetDatabase().ExecuteAsync(command, arguments);
    }

    /// <summary>SIGKILL: connections are reset, and all it knew is gone.</summary>
    public Task Kill() => _process!.Kill();

    /// <summary>It stands still: connections stay, and nobody answers.</summary>
    public Task Freeze() => Signal("STOP");

    public Task Thaw() => Signal("CONT");

    /// <summary>Starts again, empty, on the same port.</summary>
    public async Task Resume()
    {
        if (!await TryStart())
        {
            throw new InvalidOperationException($"Redis does not start again:\n{Log}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
        _directory.Dispose();
    }

    /// <summary>False if it ended at once, as it does when somebody else took the port.</summary>
    private async Task<bool> TryStart()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
        _process = await ChildProcess.Start(
            Program, ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", Host, "--dir", _directory.Path, "--save", "", "--appendonly", "no", .. _settings]);
        using var ended = new CancellationTokenSource();
        var exit = _process.Exited(ended.Token);
        var ready = _process.Output.First(line => line.Contains("Ready to accept connections", StringComparison.Ordinal), cancel: ended.Token);
        var isReady = await Task.WhenAny(ready, exit) == ready;
        await ended.CancelAsync();
        return isReady;
    }

    private async Task Signal(string signal)
    {
        await using var kill = await ChildProcess.Start("kill", ["-s", signal, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.Exited();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"Redis did not get the signal {signal}.");
        }
    }
}
