using System.Runtime.Versioning;
using ImapGateway.Benchmarks;

// The servers are Debian packages.
[assembly: SupportedOSPlatform("linux")]

var benchmarks = new Dictionary<string, Func<Task>>
{
    ["index"] = IndexBenchmark.RunAsync,
    ["first-index"] = FirstIndexBenchmark.RunAsync,
    ["list"] = ListBenchmark.RunAsync,
    ["watch"] = WatchBenchmark.RunAsync,
    ["webhook"] = WebhookBenchmark.RunAsync,
};
var chosen = args.Length == 0 ? [.. benchmarks.Keys] : args;
if (chosen.Except(benchmarks.Keys).ToList() is [var unknown, ..])
{
    Console.Error.WriteLine($"There is no benchmark {unknown}; there are {string.Join(", ", benchmarks.Keys)}.");
    return 2;
}
foreach (var name in chosen)
{
    Console.WriteLine($"--- {name}");
    await benchmarks[name]();
}
return 0;
