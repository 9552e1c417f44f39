using System.Runtime.Versioning;
using ImapGateway.Benchmarks;
using ImapGateway.Benchmarks.Reference;
using ImapGateway.Benchmarks.Results;

// The servers are Debian packages.
[assembly: SupportedOSPlatform("linux")]

const string Quick = "--quick";
const string Readme = "readme";
var results = Path.GetFullPath("artifacts/bench");
var benchmarks = new Dictionary<string, Func<Report, Task>>
{
    ["list"] = ListBenchmark.RunAsync,
    ["redis"] = RedisBenchmark.RunAsync,
    ["graphql"] = GraphQLBenchmark.RunAsync,
    ["subscribers"] = SubscribersBenchmark.RunAsync,
    ["download"] = DownloadBenchmark.RunAsync,
    ["memory"] = MemoryBenchmark.RunAsync,
    ["webhook"] = WebhookBenchmark.RunAsync,
    ["first-index"] = FirstIndexBenchmark.RunAsync,
    ["index"] = IndexBenchmark.RunAsync,
    ["start"] = StartBenchmark.RunAsync,
    ["watch"] = WatchBenchmark.RunAsync,
    ["size"] = SizeBenchmark.RunAsync,
    ["scale"] = ScaleBenchmark.RunAsync,
    ["idle"] = IdleBenchmark.RunAsync,
    ["flood"] = FloodBenchmark.RunAsync,
    ["writer"] = WriterBenchmark.RunAsync,
};

if (args is [ReferenceServer.Command, var content])
{
    await ReferenceServer.RunAsync(content);
    return 0;
}
if (args is [Readme])
{
    await BenchmarkTables.WriteAsync(Directory.GetCurrentDirectory(), await Report.ReadAsync(results, [.. benchmarks.Keys]));
    return 0;
}
var rounds = args.Contains(Quick) ? Rounds.Short : Rounds.Full;
var chosen = args.Where(one => one != Quick).ToList();
if (chosen.Except(benchmarks.Keys).ToList() is [var unknown, ..])
{
    Console.Error.WriteLine($"There is no benchmark {unknown}; there are {string.Join(", ", benchmarks.Keys)}, and {Readme} for the tables of their last runs.");
    return 2;
}
var failed = 0;
foreach (var name in chosen.Count == 0 ? [.. benchmarks.Keys] : chosen)
{
    Console.WriteLine($"--- {name}");
    var report = new Report(name, rounds);
    try
    {
        await benchmarks[name](report);
    }
    catch (Exception failure)
    {
        // The others can be measured all the same.
        Console.Error.WriteLine($"{name} failed: {failure}");
        failed++;
        continue;
    }
    if (await report.SaveAsync(results) is { } file)
    {
        Console.WriteLine(file);
    }
}
return failed == 0 ? 0 : 1;
