using System.Runtime.Versioning;
using ImapGateway.Benchmarks;
using ImapGateway.Benchmarks.Reference;
using ImapGateway.Benchmarks.Results;

// The servers are Debian packages.
[assembly: SupportedOSPlatform("linux")]

if (args is [ReferenceServer.Command, var content])
{
    await ReferenceServer.RunAsync(content);
    return 0;
}
var benchmarks = new Dictionary<string, Func<Report, Task>>
{
    ["list"] = ListBenchmark.RunAsync,
    ["index"] = _ => IndexBenchmark.RunAsync(),
    ["first-index"] = _ => FirstIndexBenchmark.RunAsync(),
    ["watch"] = _ => WatchBenchmark.RunAsync(),
    ["webhook"] = _ => WebhookBenchmark.RunAsync(),
};
const string Quick = "--quick";
var rounds = args.Contains(Quick) ? Rounds.Short : Rounds.Full;
var chosen = args.Where(one => one != Quick).ToList();
if (chosen.Except(benchmarks.Keys).ToList() is [var unknown, ..])
{
    Console.Error.WriteLine($"There is no benchmark {unknown}; there are {string.Join(", ", benchmarks.Keys)}.");
    return 2;
}
foreach (var name in chosen.Count == 0 ? [.. benchmarks.Keys] : chosen)
{
    Console.WriteLine($"--- {name}");
    var report = new Report(name, rounds);
    await benchmarks[name](report);
    if (await report.SaveAsync(Path.GetFullPath("artifacts/bench")) is { } file)
    {
        Console.WriteLine(file);
    }
}
return 0;
