using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Webhooks;

namespace ImapGateway.Benchmarks;

/// <summary>How long a single write keeps the writer of SQLite while large accounts are indexed, changed and deleted: the writes of all other accounts wait for it.</summary>
public static partial class WriterBenchmark
{
    private const string Account = "large";

    public static async Task RunAsync(Report report)
    {
        var (messages, mailboxes) = (report.Rounds.Of(100_000), report.Rounds.Of(19_990));
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, response) =>
        {
            response.StatusCode = 204;
            return Task.CompletedTask;
        };
        await using var gateway = await MeasuredGateway.Start(
            ("Changes:Retention", "20s"), ("Watch:MoveWindow", "2s"), ("Logging:LogLevel:ImapGateway.Storage", "Debug"), ("Imap:CommandTimeout", "5m"));
        using var webhook = await gateway.Http.PostAsJsonAsync(gateway.Address("/v1/webhooks"), new { url = receiver.Url() });
        webhook.EnsureSuccessStatusCode();
        var output = gateway.Process.Output;
        async Task MeasureAsync(string what, Func<Task> work)
        {
            var from = output.Entries.Count;
            var began = TimeProvider.System.GetTimestamp();
            await work();
            var took = TimeProvider.System.GetElapsedTime(began);
            var holds = output.Entries.Skip(from).Select(line => Hold().Match(line)).Where(match => match.Success)
                .Select(match => (Origin: match.Groups[1].Value, Milliseconds: double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))).ToList();
            var longest = holds.OrderByDescending(hold => hold.Milliseconds).FirstOrDefault();
            var remark = holds.Count == 0 ? "none of 25 ms or more"
                : string.Join(", ", holds.GroupBy(hold => hold.Origin).Select(group => $"{group.Key} {group.Count()} times, {group.Max(hold => hold.Milliseconds)} ms"));
            report.Add(new Row($"{what}: longest write", "ms", [longest.Milliseconds]) { Remark = $"{remark}; {took.TotalSeconds:0.0} s in all", Target = Target.Most(50) });
        }

        var options = new ScriptedOptions { Password = DovecotServer.Password, Capabilities = ScriptedOptions.Modest + " LIST-EXTENDED LIST-STATUS ESEARCH" };
        await using (var server = ScriptedImapServer.Start(options))
        {
            // The first use of each statement compiles it, which is not what is measured.
            server.Inbox.Add("m");
            await gateway.AddAsync(Account, server.Port, "bench@example.com");
            server.Inbox.UidValidity++;
            await gateway.GetAsync($"/v1/accounts/{Account}/mailboxes/inbox/messages?limit=1");
            await gateway.Cost.QuietAsync();
            await DeleteAsync(gateway);
        }
        await using (var server = ScriptedImapServer.Start(options))
        {
            for (var i = 0; i < messages; i++)
            {
                server.Inbox.Add($"m{i}");
            }
            await MeasureAsync($"first index of {messages:N0} messages", async () =>
            {
                await gateway.AddAsync(Account, server.Port, "bench@example.com");
                await gateway.Cost.QuietAsync();
            });
            await MeasureAsync("new UIDVALIDITY of the mailbox", async () =>
            {
                server.Inbox.UidValidity++;
                await AskAsync(gateway, "mailboxes/inbox/messages?limit=1");
            });
            await MeasureAsync("all messages removed", async () =>
            {
                foreach (var message in server.Inbox.Messages.Reverse())
                {
                    server.Inbox.Remove(message);
                }
                await TestWait.For(async () => (await gateway.GetAsync($"/v1/accounts/{Account}/mailboxes/inbox/messages?limit=1")).GetProperty("items").GetArrayLength() == 0, MeasuredGateway.Patience);
                await gateway.Cost.QuietAsync();
            });
            await MeasureAsync("account deleted", () => DeleteAsync(gateway));
        }
        await using (var server = ScriptedImapServer.Start(options))
        {
            var others = Enumerable.Range(0, mailboxes).Select(i => server.AddMailbox($"box{i:D5}")).ToList();
            foreach (var mailbox in others.Where((_, i) => i % 2 == 0))
            {
                mailbox.Add($"in {mailbox.Name}");
            }
            await MeasureAsync($"first index of {mailboxes:N0} mailboxes", async () =>
            {
                await gateway.AddAsync(Account, server.Port, "bench@example.com");
                await gateway.Cost.QuietAsync();
            });
            await MeasureAsync("nine of ten of them gone", async () =>
            {
                foreach (var mailbox in others.Where((_, i) => i % 10 != 0))
                {
                    server.Delete(mailbox);
                }
                await AskAsync(gateway, "mailboxes?limit=1");
            });
            foreach (var mailbox in others.Where((_, i) => i % 10 != 0))
            {
                server.AddMailbox(mailbox.Name);
            }
            await MeasureAsync("account deleted", () => DeleteAsync(gateway));
        }
    }

    /// <summary>Has the mail server asked, however long that takes.</summary>
    private static async Task AskAsync(MeasuredGateway gateway, string path)
    {
        using var patient = new HttpClient { Timeout = MeasuredGateway.Patience };
        using var asked = new HttpRequestMessage(HttpMethod.Get, gateway.Address($"/v1/accounts/{Account}/{path}"));
        asked.Headers.Authorization = new("Bearer", gateway.Process.AdminKey);
        asked.Headers.CacheControl = new() { NoCache = true };
        using var answer = await patient.SendAsync(asked);
        answer.EnsureSuccessStatusCode();
        await gateway.Cost.QuietAsync();
    }

    private static async Task DeleteAsync(MeasuredGateway gateway)
    {
        var before = gateway.Process.Output.Entries.Count;
        using var deleted = await gateway.Http.DeleteAsync(gateway.Address($"/v1/accounts/{Account}"));
        deleted.EnsureSuccessStatusCode();
        await TestWait.For(
            () => Task.FromResult(gateway.Process.Output.Entries.Skip(before).Any(line => line.Contains("All rows of the removed account", StringComparison.Ordinal))), MeasuredGateway.Patience);
        await gateway.Cost.QuietAsync();
    }

    [GeneratedRegex(@"A write of (\w+) has kept the storage for (\d+) ms")]
    private static partial Regex Hold();
}
