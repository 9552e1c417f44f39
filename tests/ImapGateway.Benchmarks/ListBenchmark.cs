using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Reference;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>
/// Lists of 50: the newest again and again by 16 clients, next to the same bytes from memory, to one IMAP session that fetches the same 50 and to
/// imapflow behind an HTTP server; the same where nothing has
/// changed, next to an empty endpoint; and pages that nobody has asked for before.
/// </summary>
public static class ListBenchmark
{
    private const int Messages = 5_000;
    private const int Page = 50;
    private const int Clients = 16;
    private const string User = "bench@example.com";

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var gateway = await MeasuredGateway.Start();
        await dovecot.Seed(User, Messages, Message);
        using var direct = await DirectImap.Open(dovecot, User);
        await gateway.AddAsync("bench", dovecot.Port, User);
        await NewestAsync(report, gateway, dovecot, direct);
        await ColdAsync(report, gateway, dovecot, direct);
    }

    internal static byte[] Message(int i) => Encoding.ASCII.GetBytes(
        $"From: Anna Berg <anna{i % 97}@example.org>\r\nTo: team@example.com\r\nSubject: Offer number {i}\r\nMessage-ID: <{i}@example.org>\r\nReferences: <{i - 1}@example.org>\r\n"
        + "Date: Mon, 04 May 2026 10:00:00 +0200\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + "--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: application/pdf; name=offer.pdf\r\nContent-Disposition: attachment; filename=offer.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--b--\r\n");

    internal static string ListOf(string account) => $"/v1/accounts/{account}/mailboxes/inbox/messages?limit={Page}";

    private static async Task NewestAsync(Report report, MeasuredGateway gateway, DovecotServer dovecot, DirectImap direct)
    {
        var list = gateway.Address(ListOf("bench"));
        var (content, tag) = await FirstAsync(gateway, list);
        await using var reference = await ReferenceServer.Start(content);
        await using var imapFlow = await ImapFlow.Start(dovecot.Port, User, Page);
        var rounds = report.Rounds;
        string[] plain = [gateway.Authorization], conditional = [gateway.Authorization, $"If-None-Match: {tag}"];
        var (fetched, flowed, bytes, warm, empty, unchanged) = (new List<double>(), new List<double>(), new List<LoadResult>(), new List<LoadResult>(), new List<LoadResult>(), new List<LoadResult>());
        for (var round = -1; round < rounds.Count; round++)
        {
            var rate = await direct.RateAsync(Page, rounds.Each);
            var flow = imapFlow is null ? default : await Wrk.RunAsync(imapFlow.Address, Clients, rounds.Each, []);
            var inTurn = new[]
            {
                await Wrk.RunAsync(reference.Static, Clients, rounds.Each, reference.Cost, plain),
                await Wrk.RunAsync(list, Clients, rounds.Each, gateway.Cost, plain),
                await Wrk.RunAsync(reference.Empty, Clients, rounds.Each, reference.Cost, plain),
                await Wrk.RunAsync(list, Clients, rounds.Each, gateway.Cost, conditional),
            };
            if (round < 0)
            {
                continue; // The JIT's second tier comes with the load.
            }
            fetched.Add(rate);
            flowed.Add(flow.Requests / flow.Seconds);
            bytes.Add(inTurn[0]);
            warm.Add(inTurn[1]);
            empty.Add(inTurn[2]);
            unchanged.Add(inTurn[3]);
        }
        await StillAsync(gateway, list, tag);
        report.Add(LoadRow.Of("the same bytes from memory, a minimal API", bytes));
        var newest = LoadRow.Of($"newest {Page}, warm, {Clients} clients", warm) with { Remark = $"{content.Length:N0} bytes" };
        report.Add(newest.Beside("the same bytes from memory", bytes, Target.Least(0.6)));
        report.Add(newest with { Reference = "one MailKit session", ReferenceValues = fetched, Target = Target.Least(40) });
        if (imapFlow is not null)
        {
            report.Add(newest with { Reference = "imapflow behind node:http", ReferenceValues = flowed });
        }
        report.Add(LoadRow.Of("an empty endpoint, a minimal API", empty));
        report.Add(LoadRow.Of("the same, If-None-Match hit", unchanged).Beside("an empty endpoint", empty, Target.Least(0.6)));
    }

    /// <summary>An account of its own for every round, watched and indexed, of which no page was ever read.</summary>
    private static async Task ColdAsync(Report report, MeasuredGateway gateway, DovecotServer dovecot, DirectImap direct)
    {
        var (fetched, listed) = (new List<double>(), new List<double>());
        // Two thousand pages until the JIT's second tier has come: the session beside it has fetched for much longer by now.
        for (var round = -20; round < report.Rounds.Count; round++)
        {
            await gateway.AddAsync($"cold{round}", dovecot.Port, User);
            await gateway.Http.GetByteArrayAsync(new Uri($"/v1/accounts/cold{round}/mailboxes/inbox/messages?limit=1", UriKind.Relative));
            await gateway.Cost.QuietAsync();
            var (fetching, listing) = (await FetchedAsync(direct), await ListedAsync(gateway, $"cold{round}"));
            if (round >= 0)
            {
                fetched.Add(fetching);
                listed.Add(listing);
            }
        }
        report.Add(new Row($"list of {Page}, cold (no cache)", "ms", listed) { Reference = "one MailKit session", ReferenceValues = fetched, Target = Target.Most(1.3) });
    }

    private static async Task<double> FetchedAsync(DirectImap direct)
    {
        var start = Stopwatch.GetTimestamp();
        for (var skipped = 0; skipped < Messages; skipped += Page)
        {
            await direct.FetchAsync(Page, skipped);
        }
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / (Messages / Page);
    }

    private static async Task<double> ListedAsync(MeasuredGateway gateway, string account)
    {
        var start = Stopwatch.GetTimestamp();
        var pages = 0;
        for (string? cursor = ""; cursor is not null; pages++)
        {
            var page = await gateway.Http.GetFromJsonAsync<JsonElement>(new Uri($"{ListOf(account)}{(cursor.Length > 0 ? "&cursor=" + cursor : "")}", UriKind.Relative));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / pages;
    }

    private static async Task<(byte[] Content, string Tag)> FirstAsync(MeasuredGateway gateway, Uri list)
    {
        using var answer = await gateway.Http.GetAsync(list);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadAsByteArrayAsync(), answer.Headers.ETag!.ToString());
    }

    /// <summary>A tag that has become another meanwhile would have measured something else.</summary>
    private static async Task StillAsync(MeasuredGateway gateway, Uri list, string tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, list);
        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        using var answer = await gateway.Http.SendAsync(request);
        if (answer.StatusCode != HttpStatusCode.NotModified)
        {
            throw new InvalidOperationException($"The list has changed: {answer.StatusCode}.");
        }
    }
}
