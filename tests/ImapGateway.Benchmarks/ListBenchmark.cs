using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Benchmarks;

/// <summary>Lists of 50 through the gateway, next to one MailKit session that fetches the same 50: pages nobody has asked for before, and the newest again and again.</summary>
public static class ListBenchmark
{
    private const int Messages = 5_000;
    private const int Page = 50;
    private const int Rounds = 5;
    private const int Clients = 16;
    private const string User = "bench@example.com";

    public static async Task RunAsync()
    {
        await using var dovecot = await DovecotServer.Start();
        await using var gateway = await GatewayProcess.Start();
        await dovecot.Seed(User, Messages, Message);
        using var client = await dovecot.Client(User);
        await client.Inbox!.OpenAsync(FolderAccess.ReadOnly);
        var (direct, cold, again, warm, many) = (new double[Rounds], new double[Rounds], new double[Rounds], new double[Rounds], new double[Rounds]);
        for (var round = -1; round < Rounds; round++)
        {
            var path = await AddAsync(dovecot, gateway, $"round{round}");
            var inTurn = new[] { await DirectAsync(client), await PagesAsync(gateway, path), await NewestDirectAsync(client), await NewestAsync(gateway, path, 1), await NewestAsync(gateway, path, Clients) };
            if (round >= 0)
            {
                (direct[round], cold[round], again[round], warm[round], many[round]) = (inTurn[0], inTurn[1], inTurn[2], inTurn[3], inTurn[4]);
            }
        }
        Show("direct FETCH of 50, page by page", direct, null, "");
        Show("list of 50, cold, page by page", cold, direct, "target <= 1.3");
        Show("direct FETCH of the newest 50", again, null, "");
        Show("list of the newest 50, warm, 1 client", warm, again, "asks the server for news each time");
        Show($"the same, {Clients} clients", many, again, "target <= 1/40, with a watched account");
    }

    private static byte[] Message(int i) => Encoding.ASCII.GetBytes(
        $"From: Anna Berg <anna{i % 97}@example.org>\r\nTo: team@example.com\r\nSubject: Offer number {i}\r\nMessage-ID: <{i}@example.org>\r\nReferences: <{i - 1}@example.org>\r\n"
        + "Date: Mon, 04 May 2026 10:00:00 +0200\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + "--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: application/pdf; name=offer.pdf\r\nContent-Disposition: attachment; filename=offer.pdf\r\n\r\nx\r\n--b--\r\n");

    private static async Task<string> AddAsync(DovecotServer dovecot, GatewayProcess gateway, string id)
    {
        var imap = new { host = DovecotServer.Host, port = dovecot.Port, security = "none", username = User, password = DovecotServer.Password };
        using var added = await gateway.Http.PutAsJsonAsync($"/v1/accounts/{id}", new { email = User, watch = "none", imap });
        added.EnsureSuccessStatusCode();
        var path = $"/v1/accounts/{id}/mailboxes/inbox/messages";
        await gateway.Http.GetStringAsync(new Uri($"{path}?limit=1", UriKind.Relative));
        return path;
    }

    private static Task<IList<IMessageSummary>> FetchAsync(ImapClient client, int newest) => client.Inbox!.FetchAsync(
        client.Inbox.Count - newest - Page, client.Inbox.Count - newest - 1,
        new FetchRequest(MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.InternalDate | MessageSummaryItems.Size | MessageSummaryItems.Envelope | MessageSummaryItems.BodyStructure | MessageSummaryItems.References));

    /// <returns>Milliseconds a page.</returns>
    private static async Task<double> DirectAsync(ImapClient client)
    {
        var start = Stopwatch.GetTimestamp();
        for (var newest = 0; newest < Messages; newest += Page)
        {
            await FetchAsync(client, newest);
        }
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / (Messages / Page);
    }

    private static async Task<double> PagesAsync(GatewayProcess gateway, string path)
    {
        var start = Stopwatch.GetTimestamp();
        var pages = 0;
        for (string? cursor = ""; cursor is not null; pages++)
        {
            var page = await gateway.Http.GetFromJsonAsync<JsonElement>(new Uri($"{path}?limit={Page}{(cursor.Length > 0 ? "&cursor=" + cursor : "")}", UriKind.Relative));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / pages;
    }

    private static async Task<double> NewestDirectAsync(ImapClient client)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 100; i++)
        {
            await FetchAsync(client, 0);
        }
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / 100;
    }

    private static async Task<double> NewestAsync(GatewayProcess gateway, string path, int clients)
    {
        const int Each = 100;
        var address = new Uri($"{path}?limit={Page}", UriKind.Relative);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            for (var i = 0; i < Each; i++)
            {
                await gateway.Http.GetByteArrayAsync(address);
            }
        }));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / (clients * Each);
    }

    private static void Show(string name, double[] taken, double[]? reference, string remark)
    {
        var median = Median(taken);
        var ratio = reference is null ? "" : $" = {median / Median(reference):N2} x   {remark}";
        Console.WriteLine($"{name,-40} {median,8:N2} ms (median of {Rounds}){ratio}");
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
