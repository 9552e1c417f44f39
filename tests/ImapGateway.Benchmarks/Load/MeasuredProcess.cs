using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks.Load;

/// <summary>A server under load, seen by the kernel and, where it is a .NET process that was started with <see cref="Environment"/>, by its runtime.</summary>
public sealed class MeasuredProcess : IDisposable
{
    private const double TicksPerSecond = 100; // USER_HZ of every Linux there is

    private readonly TemporaryDirectory _directory = new();
    private readonly Func<int> _id;

    /// <param name="id">Asked every time: a process that is started again has another.</param>
    public MeasuredProcess(Func<int> id) => _id = id;

    public IReadOnlyList<(string Name, string Value)> Environment =>
    [
        ("DOTNET_STARTUP_HOOKS", typeof(MeasuredProcess).Assembly.Location),
        (StartupHook.SocketVariable, Socket),
    ];

    /// <summary>Of all its threads, in user and kernel mode, since it started.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            // proc(5): the second field is the name in parentheses, and may hold anything; utime and stime are the 14th and 15th.
            var stat = File.ReadAllText($"/proc/{_id()}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromSeconds((Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
        }
    }

    public long ResidentBytes => Number(File.ReadAllText($"/proc/{_id()}/statm").Split(' ')[1]) * System.Environment.SystemPageSize;

    /// <summary>Memory that belongs to the process alone, without files that are mapped, e.g. its code.</summary>
    public long AnonymousBytes => Number(File.ReadLines($"/proc/{_id()}/smaps_rollup").First(line => line.StartsWith("Anonymous:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;

    /// <summary>By all its managed code since it started.</summary>
    public Task<long> AllocatedBytes() => Ask('a');

    /// <summary>On the managed heap after a full collection.</summary>
    public Task<long> LiveBytes() => Ask('l');

    /// <summary>Waits until it has nothing to do any more: two seconds in which it took next to no processor time.</summary>
    public Task QuietAsync()
    {
        var (since, cpu) = (Stopwatch.GetTimestamp(), CpuTime);
        return TestWait.For(
            () =>
            {
                if (CpuTime - cpu > TimeSpan.FromMilliseconds(100))
                {
                    (since, cpu) = (Stopwatch.GetTimestamp(), CpuTime);
                }
                return Task.FromResult(Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(2));
            },
            MeasuredGateway.Patience);
    }

    public void Dispose() => _directory.Dispose();

    private string Socket => _directory["runtime"];

    private async Task<long> Ask(char question)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
        await socket.SendAsync(new[] { (byte)question });
        var answer = new byte[32];
        return Number(Encoding.ASCII.GetString(answer, 0, await socket.ReceiveAsync(answer)));
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
