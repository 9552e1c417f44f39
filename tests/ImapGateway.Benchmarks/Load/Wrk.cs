using System.Globalization;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks.Load;

/// <summary>What came of a load: requests per second, latencies, and what a request cost the server.</summary>
public sealed record LoadResult(double Rate, double P50Milliseconds, double P99Milliseconds, double CpuMicroseconds, double AllocatedBytes);

/// <summary>HTTP load by Debian's wrk, a process of its own: each connection asks again as soon as it has its answer.</summary>
public static class Wrk
{
    private const string Program = "/usr/bin/wrk";

    /// <param name="server">Whose cost is measured meanwhile.</param>
    /// <param name="headers">As they stand in a request.</param>
    /// <param name="pathsFile">Paths to ask for at random, one a line; null: the path of <paramref name="address"/>.</param>
    /// <param name="json">Sent by POST; null: GET.</param>
    /// <exception cref="InvalidOperationException">An answer was an error.</exception>
    public static async Task<LoadResult> RunAsync(Uri address, int connections, TimeSpan duration, MeasuredProcess server, IEnumerable<string> headers, string? pathsFile = null, string? json = null)
    {
        var (cpu, allocated) = (server.CpuTime, await server.AllocatedBytes());
        var load = await RunAsync(address, connections, duration, headers, pathsFile, json);
        var requests = load.Requests;
        return new LoadResult(
            requests / load.Seconds, load.P50, load.P99, (server.CpuTime - cpu).TotalMicroseconds / requests, (await server.AllocatedBytes() - allocated) / requests);
    }

    /// <summary>The same where the server is no process whose cost is of interest.</summary>
    public static async Task<(double Requests, double Seconds, double P50, double P99)> RunAsync(
        Uri address, int connections, TimeSpan duration, IEnumerable<string> headers, string? pathsFile = null, string? json = null)
    {
        var environment = new Dictionary<string, string>();
        if (pathsFile is not null)
        {
            environment["BENCH_PATHS"] = pathsFile;
        }
        if (json is not null)
        {
            environment["BENCH_JSON"] = json;
        }
        // The latencies of a request that is slower than wrk's timeout would be missing from the percentiles.
        string[] options = ["-t1", $"-c{connections}", $"-d{Math.Ceiling(duration.TotalSeconds)}s", "--timeout", "30s", "-s", Path.Combine(AppContext.BaseDirectory, "wrk.lua")];
        await using var wrk = await ChildProcess.Start(Program, [.. options, .. headers.SelectMany(header => new[] { "-H", header }), address.AbsoluteUri], environment);
        await wrk.Exited();
        var figures = wrk.Output.Entries.FirstOrDefault(line => line.StartsWith("RESULT ", StringComparison.Ordinal))?.Split(' ')[1..]
            .Select(figure => double.Parse(figure, CultureInfo.InvariantCulture)).ToArray();
        return figures is [> 0, _, 0, _, _]
            ? (figures[0], figures[1] / 1e6, figures[3] / 1e3, figures[4] / 1e3)
            : throw new InvalidOperationException($"Load on {address} failed:\n{string.Join('\n', wrk.Output.Entries)}");
    }
}
