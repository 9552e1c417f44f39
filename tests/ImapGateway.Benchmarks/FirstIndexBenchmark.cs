using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>The first list of a mailbox of 100,000 messages, index and all, next to asking the same server for all flags and throwing the answer away.</summary>
public static class FirstIndexBenchmark
{
    private const int Messages = 100_000;
    private const int Runs = 5;
    private const string User = "bench@example.com";

    public static async Task RunAsync()
    {
        await using var dovecot = await DovecotServer.Start();
        await using var gateway = await GatewayProcess.Start();
        await dovecot.Seed(User, Messages, Message);
        var (raw, first) = (new double[Runs], new double[Runs]);
        await RawAsync(dovecot);
        await FirstAsync(dovecot, gateway, "warm");
        for (var run = 0; run < Runs; run++)
        {
            raw[run] = await RawAsync(dovecot);
            first[run] = await FirstAsync(dovecot, gateway, $"run{run}");
        }
        Array.Sort(raw);
        Array.Sort(first);
        var (reference, taken) = (raw[Runs / 2], first[Runs / 2]);
        Console.WriteLine($"raw UID FETCH 1:* (FLAGS) of {Messages:N0}  {reference,7:N0} ms (median of {Runs})");
        Console.WriteLine($"first list, with the first index         {taken,7:N0} ms = {taken / reference:N2} x the raw FETCH; target <= 2");
    }

    private static byte[] Message(int i) => Encoding.ASCII.GetBytes($"From: a@example.org\r\nSubject: {i}\r\n\r\nx\r\n");

    private static async Task<double> RawAsync(DovecotServer dovecot)
    {
        await using var imap = await RawImap.Connect(DovecotServer.Host, dovecot.Port);
        await imap.Login(User, DovecotServer.Password);
        await imap.Command("EXAMINE INBOX");
        var start = Stopwatch.GetTimestamp();
        await imap.Command("UID FETCH 1:* (FLAGS)");
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>An account of its own each time; logged in before.</summary>
    private static async Task<double> FirstAsync(DovecotServer dovecot, GatewayProcess gateway, string id)
    {
        var imap = new { host = DovecotServer.Host, port = dovecot.Port, security = "none", username = User, password = DovecotServer.Password };
        using var added = await gateway.Http.PutAsJsonAsync($"/v1/accounts/{id}", new { email = User, watch = "none", imap });
        added.EnsureSuccessStatusCode();
        await gateway.Http.GetStringAsync(new Uri($"/v1/accounts/{id}/mailboxes", UriKind.Relative));
        var start = Stopwatch.GetTimestamp();
        await gateway.Http.GetStringAsync(new Uri($"/v1/accounts/{id}/mailboxes/inbox/messages?limit=1", UriKind.Relative));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
