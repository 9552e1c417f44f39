using ImapGateway.Benchmarks;

switch (args.FirstOrDefault())
{
    case "index":
        IndexBenchmark.Run();
        break;
    default:
        Console.WriteLine("index");
        break;
}
