using ImapGateway.Benchmarks;

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
