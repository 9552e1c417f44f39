using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>Memory of a gateway with one watched account: at rest, and at rest again after large downloads.</summary>
public static class MemoryBenchmark
{
    private const int Attachment = 150 << 20;
    private const int Downloads = 10;
    private const string User = "bench@example.com";

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await dovecot.Seed(User, 1, _ => DownloadBenchmark.Large(Attachment));
        await dovecot.Seed(User, 1_000, ListBenchmark.Message);
        var (atRest, after) = (new List<double>(), new List<double>());
        for (var round = 0; round < report.Rounds.Count; round++)
        {
            await using var gateway = await MeasuredGateway.Start();
            await gateway.AddAsync("one", dovecot.Port, User);
            await gateway.Cost.QuietAsync();
            atRest.Add(gateway.Cost.AnonymousBytes / 1048576.0);
            var part = await DownloadBenchmark.PartAsync(gateway, "one");
            for (var download = 0; download < Downloads; download++)
            {
                await using var content = await gateway.Http.GetStreamAsync(part);
                await content.CopyToAsync(Stream.Null);
            }
            await gateway.Cost.QuietAsync();
            after.Add(gateway.Cost.AnonymousBytes / 1048576.0);
        }
        report.Add(new Row("anonymous memory at rest, one account of 1,000 messages", "MB", atRest));
        report.Add(new Row($"the same after {Downloads} downloads of {Attachment >> 20} MB", "MB", after));
    }
}
