using System.Runtime.Versioning;
using ImapGateway.Benchmarks;

// The servers are Debian packages.
[assembly: SupportedOSPlatform("linux")]

switch (args.FirstOrDefault())
{
    case "index":
        IndexBenchmark.Run();
        await FirstIndexBenchmark.RunAsync();
        break;
    default:
        Console.WriteLine("index");
        break;
}
