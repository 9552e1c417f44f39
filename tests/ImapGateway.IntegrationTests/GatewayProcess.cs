using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests;

/// <summary>
/// The gateway as an operator runs it: a process with a data directory, settings from the environment, one HTTP port the kernel chose. It is the one beside the tests, or that in <c>GATEWAY_DIRECTORY</c>.
/// </summary>
public sealed partial class GatewayProcess : IAsyncDisposable
{
    internal static readonly string DotnetHost = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    private readonly TemporaryDirectory _data = new();
    private readonly Dictionary<string, string> _environment;
    private int? _diskMegabytes;
    private ChildProcess? _process;
    private HttpClient? _http;

    /// <param name="settings">Of two with one name the last counts.</param>
    private GatewayProcess(IEnumerable<(string Name, string Value)> settings)
    {
        _environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["DOTNET_NOLOGO"] = "1",
            // Else each that is killed leaves its pipes in /tmp.
            ["DOTNET_EnableDiagnostics"] = "0",
            ["DataDirectory"] = _data.Path,
            ["Auth__AdminKey"] = AdminKey,
            ["Egress__AllowPrivateNetworks"] = "true",
            // What another client has removed is gone at the next look, unless a test is about moves.
            ["Watch__MoveWindow"] = "0s",
            ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
        };
        // Whoever runs the tests may switch off what pays only in a process that lives longer; benchmarks measure the default.
        foreach (var name in new[] { "DOTNET_TieredPGO", "DOTNET_EnableWriteXorExecute" })
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                _environment[name] = value;
            }
        }
        foreach (var (name, value) in settings)
        {
            Set(name, value);
        }
        if (_environment.GetValueOrDefault("Storage__Provider") == "Postgres")
        {
            _environment[PostgresServer.RingKey.Name] = PostgresServer.RingKey.Value;
            _environment.TryAdd("Storage__KeyEncryption", $"env:{PostgresServer.RingKey.Name}");
        }
    }

    public string AdminKey { get; } = RandomNumberGenerator.GetHexString(40, lowercase: true);

    public string DataDirectory => _data.Path;

    /// <summary>A client with the admin key, for the current life of the process.</summary>
    public HttpClient Http => _http ?? throw new InvalidOperationException("The gateway is not running.");

    /// <summary>Standard output and standard error of the current or last life.</summary>
    public Journal<string> Output => _process!.Output;

    public long ResidentBytes => _process!.ResidentBytes;

    /// <summary>Of the current or last life.</summary>
    public int ProcessId => _process!.Id;

    public bool HasExited => _process!.HasExited;

    /// <param name="settings">By the names of the settings, e.g. <c>("Imap:MaxSessionsPerAccount", "2")</c>.</param>
    public static Task<GatewayProcess> Start(params (string Name, string Value)[] settings) => Start(null, settings);

    /// <summary>
    /// With a data directory that holds no more than this: a file system of its own, which nobody but the process sees and which ends with it. Only root may make one.
    /// </summary>
    public static Task<GatewayProcess> StartOnSmallDisk(int megabytes, params (string Name, string Value)[] settings) => Start(megabytes, settings);

    private static Task<GatewayProcess> Start(int? diskMegabytes, (string Name, string Value)[] settings) =>
        new GatewayProcess(settings) { _diskMegabytes = diskMegabytes }.AfterAsync(gateway => gateway.Resume());

    /// <summary>A setting of the next life; null removes it.</summary>
    public void Set(string name, string? value)
    {
        var variable = name.Replace(":", "__", StringComparison.Ordinal);
        _environment.Remove(variable);
        if (value is not null)
        {
            _environment[variable] = value;
        }
    }

    /// <summary>Until not an octet is left.</summary>
    public void FillDisk()
    {
        using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var piece = new byte[4096]; ;)
            {
                ballast.Write(piece);
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    public void FreeDisk() => File.Delete(Ballast);

    private string Ballast => $"/proc/{_process!.Id}/root{_data.Path}/ballast";

    /// <summary>Launched, and not waited for: something keeps it from getting ready.</summary>
    public static async Task<GatewayProcess> StartUnready(params (string Name, string Value)[] settings)
    {
        var gateway = new GatewayProcess(settings);
        await gateway.Launch();
        return gateway;
    }

    /// <summary>Starts with settings that must be refused: the exit code, and all that was printed.</summary>
    public static async Task<(int ExitCode, string Output)> StartRefused(params (string Name, string Value)[] settings)
    {
        await using var gateway = new GatewayProcess(settings);
        return await gateway.ResumeRefused();
    }

    /// <summary>The same on its data of before.</summary>
    public async Task<(int ExitCode, string Output)> ResumeRefused()
    {
        await Launch();
        return (await Ended(), Printed);
    }

    /// <summary>Waits until it has ended by itself: the exit code.</summary>
    public async Task<int> Ended()
    {
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        await _process!.Exited(deadline.Token);
        return _process.ExitCode;
    }

    public void Freeze() => _process!.Freeze();

    public void Thaw() => _process!.Thaw();

    /// <summary>Starts again on the same data after <see cref="Stop"/> or <see cref="Kill"/>, on another port.</summary>
    public async Task Resume()
    {
        await Launch();
        await BecomeReady();
    }

    /// <summary>Waits for one that was started by <see cref="StartUnready"/>.</summary>
    public async Task BecomeReady()
    {
        using var ended = new CancellationTokenSource();
        var exit = _process!.Exited(ended.Token);
        var listening = _process.Output.First(line => ListeningOn().IsMatch(line), cancel: ended.Token);
        if (await Task.WhenAny(listening, exit) == exit)
        {
            await ended.CancelAsync();
            throw new InvalidOperationException($"The gateway ended with {_process.ExitCode}:\n{Printed}");
        }

        await ended.CancelAsync();
        _http = NewClient(new Uri(ListeningOn().Match(await listening).Groups[1].Value));
        await Ready();
    }

    public async Task Restart()
    {
        await Stop();
        await Resume();
    }

    /// <summary>SIGKILL: nothing of the gateway's own runs any more.</summary>
    public async Task Kill()
    {
        CloseClient();
        await _process!.Kill();
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    /// <param name="keepClient">Requests that are running are not cut off from here.</param>
    public async Task<int> Stop(bool keepClient = false)
    {
        if (!keepClient)
        {
            CloseClient();
        }

        return await _process!.Stop();
    }

    /// <summary>SIGTERM before it has said that it listens, or just after: the exit code, and all that was printed.</summary>
    public static async Task<(int ExitCode, string Output)> StopWhileStarting(TimeSpan after)
    {
        await using var gateway = new GatewayProcess([]);
        await gateway.Launch();
        await Task.Delay(after);
        return (await gateway._process!.Stop(), gateway.Printed);
    }

    /// <summary>A client for the same gateway with another key, or with none.</summary>
    public HttpClient ClientWithKey(string? key)
    {
        var client = new HttpClient { BaseAddress = Http.BaseAddress, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        CloseClient();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _data.Dispose();
    }

    /// <summary>A command of the program with the same settings, while the gateway runs or not: the exit code, and all that was printed.</summary>
    public Task<(int ExitCode, string Output)> Run(params string[] arguments) => Run(Program, arguments);

    /// <summary>The same, where a folder holds no more than this and is listed at the end. Only root may do so.</summary>
    public Task<(int ExitCode, string Output)> RunOnSmallDisk(string folder, int kilobytes, params string[] arguments) => Run(
        ["/usr/bin/unshare", "--mount", "sh", "-c", $"mount -t tmpfs -o size={kilobytes}k tmpfs '{folder}' && \"$0\" \"$@\"; code=$?; echo left: $(ls -A '{folder}').; exit $code", .. Program], arguments);

    private async Task<(int ExitCode, string Output)> Run(string[] program, string[] arguments)
    {
        await using var command = await ChildProcess.Start(program[0], [.. program[1..], .. arguments], _environment);
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        await command.Exited(deadline.Token);
        return (command.ExitCode, string.Join('\n', command.Output.Entries));
    }

    private static string[] Program => [DotnetHost, Path.Combine(Environment.GetEnvironmentVariable("GATEWAY_DIRECTORY") ?? AppContext.BaseDirectory, "ImapGateway.dll")];

    private string Printed => string.Join('\n', _process!.Output.Entries);

    private async Task Launch()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        string[] command = Program;
        if (_diskMegabytes is { } megabytes)
        {
            command = ["/usr/bin/unshare", "--mount", "sh", "-c", $"mount -t tmpfs -o size={megabytes}m tmpfs \"$DataDirectory\" && exec \"$0\" \"$@\"", .. command];
        }
        _process = await ChildProcess.Start(command[0], command[1..], _environment);
    }

    private HttpClient NewClient(Uri address)
    {
        var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        return client;
    }

    private async Task Ready()
    {
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        while (true)
        {
            using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative), deadline.Token);
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return;
            }

            await Task.Delay(50, deadline.Token);
        }
    }

    private void CloseClient() => Interlocked.Exchange(ref _http, null)?.Dispose();

    [GeneratedRegex(@"Now listening on: (http://[^\s""]+)")]
    private static partial Regex ListeningOn();
}
