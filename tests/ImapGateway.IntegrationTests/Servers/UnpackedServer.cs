using System.Net;
using System.Net.Sockets;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A server of <see cref="UnpackedPackages"/> in a directory of its own.</summary>
/// <param name="name">Of its packages.</param>
public abstract class UnpackedServer(string name) : IMailServer
{
    private readonly TemporaryDirectory _directory = new();
    private ChildProcess? _process;

    public int Port { get; private set; }

    protected TemporaryDirectory Folder => _directory;

    public abstract string NewUser();

    public async Task Stop()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.DisposeAsync();
        }
    }

    public async Task Resume()
    {
        if (!await TryStartAsync())
        {
            throw new InvalidOperationException($"{name} does not start again:\n{Log}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _directory.Dispose();
    }

    /// <summary>Writes what stays the same from start to start.</summary>
    protected abstract Task PrepareAsync();

    /// <summary>The script of <see cref="UnpackedPackages.RunAsync"/> for <see cref="Port"/>.</summary>
    protected abstract string Script { get; }

    /// <summary>What the last process of the server has said.</summary>
    private string Log { get; set; } = "";

    protected async Task StartAsync()
    {
        _directory.LetOthersPass();
        await PrepareAsync();
        await Starting.OnFreePortsAsync(
            name,
            () =>
            {
                Port = FreePort.Next();
                return TryStartAsync();
            },
            () => Log);
    }

    /// <summary>False if it ended at once, as it does when somebody else took the port.</summary>
    private async Task<bool> TryStartAsync()
    {
        _process = await UnpackedPackages.RunAsync(name, Script);
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        while (!_process.HasExited)
        {
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, Port, deadline.Token);
                using var reader = new StreamReader(socket.GetStream());
                if ((await reader.ReadLineAsync(deadline.Token))?.StartsWith("* OK", StringComparison.Ordinal) == true)
                {
                    return true;
                }
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // Not yet.
            }
            await Task.Delay(20, deadline.Token);
        }
        Log = string.Join('\n', _process.Output.Entries);
        await _process.DisposeAsync();
        _process = null;
        return false;
    }
}
