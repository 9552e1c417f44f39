using System.Diagnostics;
using System.Text;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>The first list of a mailbox of 100,000 messages, index and all, next to asking the same server for all flags and throwing the answer away.</summary>
public static class FirstIndexBenchmark
{
    private const int Messages = 100_000;
    private const string User = "bench@example.com";

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var gateway = await MeasuredGateway.Start();
        await dovecot.Seed(User, Messages, i => Encoding.ASCII.GetBytes($"From: a@example.org\r\nSubject: {i}\r\n\r\nx\r\n"));
        var (raw, first) = (new List<double>(), new List<double>());
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            var (fetched, listed) = (await RawAsync(dovecot), await FirstAsync(dovecot, gateway, $"round{round}"));
            if (round >= 0)
            {
                raw.Add(fetched);
                first.Add(listed);
            }
        }
        report.Add(new Row($"first index of {Messages:N0} messages, first list included", "ms", first) { Reference = "the raw UID FETCH", ReferenceValues = raw, Target = Target.Most(2) });
    }

    private static async Task<double> RawAsync(DovecotServer dovecot)
    {
        await using var imap = await dovecot.RawClient(User);
        await imap.Command("EXAMINE INBOX");
        var start = Stopwatch.GetTimestamp();
        await imap.Command("UID FETCH 1:* (FLAGS)");
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>An account of its own each time; logged in before.</summary>
    private static async Task<double> FirstAsync(DovecotServer dovecot, MeasuredGateway gateway, string id)
    {
        await gateway.Cost.QuietAsync(); // the fingerprints of the round before
        await gateway.AddAsync(id, dovecot.Port, User, watch: "none");
        await gateway.Http.GetStringAsync(new Uri($"/v1/accounts/{id}/mailboxes", UriKind.Relative));
        var start = Stopwatch.GetTimestamp();
        await gateway.Http.GetStringAsync(new Uri($"/v1/accounts/{id}/mailboxes/inbox/messages?limit=1", UriKind.Relative));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
