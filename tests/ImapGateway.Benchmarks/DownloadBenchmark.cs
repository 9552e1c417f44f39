using System.Diagnostics;
using System.Text;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>An attachment of 100 MB: its first byte, next to the mail server's own, and the memory it takes; then lists beside three readers that take it slowly.</summary>
public static class DownloadBenchmark
{
    private const int Attachment = 100 << 20;
    private const int Lists = 4;
    private const int Slow = 3;
    private const string User = "bench@example.com";

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var gateway = await MeasuredGateway.Start();
        await dovecot.Seed(User, 1, _ => Large(Attachment));
        await dovecot.Seed(User, 1_000, ListBenchmark.Message);
        await gateway.AddAsync("watched", dovecot.Port, User);
        await gateway.AddAsync("asked", dovecot.Port, User, watch: "none");
        await AloneAsync(report, gateway, dovecot);
        await BesideAsync(report, gateway, "watched", "on the same account");
        await BesideAsync(report, gateway, "asked", "on the same account, not watched (each list asks the server)");
    }

    /// <summary>A message with an attachment as part 2.</summary>
    /// <param name="attachment">Its size in bytes.</param>
    internal static byte[] Large(int attachment)
    {
        var line = Convert.ToBase64String(new byte[57]) + "\r\n"; // 76 characters (RFC 2045 section 6.8)
        var message = new StringBuilder("From: a@example.org\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
            + "Content-Type: application/octet-stream; name=large\r\nContent-Disposition: attachment; filename=large\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        for (var octets = 0; octets < attachment; octets += 57)
        {
            message.Append(line);
        }
        return Encoding.ASCII.GetBytes(message.Append("--b--\r\n").ToString());
    }

    private static async Task AloneAsync(Report report, MeasuredGateway gateway, DovecotServer dovecot)
    {
        var part = await PartAsync(gateway, "watched");
        var (own, over, growth, rates) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            await gateway.Cost.QuietAsync();
            var server = await FirstOctetAsync(dovecot);
            var (first, seconds, most) = await DownloadAsync(gateway, part);
            if (round >= 0)
            {
                own.Add(server);
                over.Add(first - server);
                growth.Add(most / 1024.0 / 1024);
                rates.Add((Attachment >> 20) / seconds);
            }
        }
        report.Add(new Row("100 MB attachment: first byte over the server's own", "ms", over) { Target = Target.Most(50), Remark = $"the server's own comes after {Row.Number(Row.Median(own))} ms" });
        report.Add(new Row("100 MB attachment: growth of resident memory", "MB", growth) { Target = Target.Most(16), Remark = $"{Row.Number(Row.Median(rates))} MB/s" });
    }

    private static async Task<double> FirstOctetAsync(DovecotServer dovecot)
    {
        await using var imap = await dovecot.RawClient(User);
        await imap.Command("EXAMINE INBOX");
        var start = Stopwatch.GetTimestamp();
        await imap.FirstOctet("FETCH 1 (BODY.PEEK[2])");
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<(double FirstMilliseconds, double Seconds, long Growth)> DownloadAsync(MeasuredGateway gateway, Uri part)
    {
        var before = gateway.Cost.ResidentBytes;
        var start = Stopwatch.GetTimestamp();
        using var answer = await gateway.Http.GetAsync(part, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await using var content = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 16];
        var (octets, most) = ((long)await content.ReadAtLeastAsync(buffer, 1), before);
        var first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        for (int read; (read = await content.ReadAsync(buffer)) > 0; octets += read)
        {
            most = octets >> 20 != octets + read >> 20 ? Math.Max(most, gateway.Cost.ResidentBytes) : most;
        }
        return octets >= Attachment
            ? (first, Stopwatch.GetElapsedTime(start).TotalSeconds, most - before)
            : throw new InvalidOperationException($"Of {Attachment:N0} octets {octets:N0} came.");
    }

    private static async Task BesideAsync(Report report, MeasuredGateway gateway, string account, string where)
    {
        var part = await PartAsync(gateway, account);
        var list = gateway.Address(ListBenchmark.ListOf(account));
        var (without, beside) = (new List<double>(), new List<double>());
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            var alone = await Wrk.RunAsync(list, Lists, report.Rounds.Each, gateway.Cost, [gateway.Authorization]);
            using var enough = new CancellationTokenSource();
            var readers = await Task.WhenAll(Enumerable.Range(0, Slow).Select(_ => SlowReader.Start(gateway.Http, part, enough.Token)));
            var together = await Wrk.RunAsync(list, Lists, report.Rounds.Each, gateway.Cost, [gateway.Authorization]);
            await enough.CancelAsync();
            await Task.WhenAll(readers.Select(reader => reader.StoppedAsync()));
            await gateway.Cost.QuietAsync();
            if (round >= 0)
            {
                without.Add(alone.P99Milliseconds);
                beside.Add(together.P99Milliseconds);
            }
        }
        report.Add(new Row($"p99 of lists beside {Slow} slow downloads {where}", "ms", beside) { Reference = "without", ReferenceValues = without, Target = Target.Most(2) });
    }

    /// <summary>The address of the attachment of <see cref="Large"/>.</summary>
    internal static async Task<Uri> PartAsync(MeasuredGateway gateway, string account)
    {
        var path = $"/v1/accounts/{account}/mailboxes/inbox/messages";
        var found = await gateway.GetAsync($"{path}?subject=large");
        return gateway.Address($"/v1/accounts/{account}/messages/{found.GetProperty("items")[0].GetProperty("id").GetString()}/parts/2");
    }
}
