using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>What a thousand watched accounts cost: the time until all are watched after a start, next to as many logins one after the other, and the memory of each.</summary>
public static class WatchBenchmark
{
    private const int Accounts = 1_000;
    private const int Messages = 5_000;
    private const string User = "bench@example.com";

    /// <summary>The first ones are there for what a gateway takes anyhow, as soon as it does anything.</summary>
    private const int First = Accounts / 10;

    public static async Task RunAsync()
    {
        await using var dovecot = await DovecotServer.Start();
        await using var gateway = await GatewayProcess.Start();
        await dovecot.Seed(User, Messages, i => Encoding.ASCII.GetBytes($"From: a@example.org\r\nSubject: {i}\r\n\r\nx\r\n"));
        await AddAsync(dovecot, gateway, 0, First);
        var (_, few) = await RestartAsync(gateway, First);
        await AddAsync(dovecot, gateway, First, Accounts);
        var logins = await LoginsAsync(dovecot);
        var (watched, all) = await RestartAsync(gateway, Accounts);
        Console.WriteLine($"{Accounts} logins one after the other   {logins.TotalSeconds,7:N1} s");
        Console.WriteLine($"start -> all {Accounts} watched         {watched.TotalSeconds,7:N1} s; target for 1,000 <= 30 s");
        Console.WriteLine($"memory of each, {Messages:N0} messages   {(all - few) / 1024.0 / (Accounts - First),7:N0} KB resident; target <= 150 KB");
        var start = Stopwatch.GetTimestamp();
        await gateway.Stop();
        Console.WriteLine($"stop, all logged out              {Stopwatch.GetElapsedTime(start).TotalSeconds,7:N1} s");
    }

    /// <summary>All of the same mailbox: to the gateway each is an account like any other.</summary>
    private static async Task AddAsync(DovecotServer dovecot, GatewayProcess gateway, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            var imap = new { host = DovecotServer.Host, port = dovecot.Port, security = "none", username = User, password = DovecotServer.Password };
            using var added = await gateway.Http.PutAsJsonAsync($"/v1/accounts/a{i}?verify=false", new { email = User, imap });
            added.EnsureSuccessStatusCode();
        }
        await SyncedAsync(gateway, to);
    }

    /// <summary>Until all that has to be known of the accounts is stored.</summary>
    private static async Task SyncedAsync(GatewayProcess gateway, int accounts)
    {
        for (var i = 0; i < accounts; i++)
        {
            while (!(await gateway.Http.GetStringAsync(new Uri($"/v1/accounts/a{i}", UriKind.Relative))).Contains("\"connected\"", StringComparison.Ordinal))
            {
                await Task.Delay(100);
            }
        }
        // Fingerprints follow in the background.
        await Task.Delay(TimeSpan.FromSeconds(20));
    }

    private static async Task<(TimeSpan Watched, long Memory)> RestartAsync(GatewayProcess gateway, int accounts)
    {
        await gateway.Stop();
        var start = Stopwatch.GetTimestamp();
        await gateway.Resume();
        await gateway.Output.AtLeast(accounts, line => line.Contains(" is watched by ", StringComparison.Ordinal), TimeSpan.FromMinutes(10));
        var watched = Stopwatch.GetElapsedTime(start);
        await Task.Delay(TimeSpan.FromSeconds(15));
        return (watched, gateway.ResidentBytes);
    }

    private static async Task<TimeSpan> LoginsAsync(DovecotServer dovecot)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Accounts; i++)
        {
            await using var imap = await RawImap.Connect(DovecotServer.Host, dovecot.Port);
            await imap.Login(User, DovecotServer.Password);
        }
        return Stopwatch.GetElapsedTime(start);
    }
}
