using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.Benchmarks;

/// <summary>
/// Mail servers that send without end or far more than anybody has asked for, each on a gateway of its own: what a healthy account on the same gateway notices of it, how much memory the gateway takes,
/// and how long it takes to delete the account.
/// </summary>
public static class FloodBenchmark
{
    private const int Messages = 1_000;
    private const string User = "bench@example.com";

    private static readonly (string What, Action<ScriptedImapServer> Flood, int Accounts)[] Floods =
    [
        ("1,000,000 mailboxes", server => Answer(server, "LIST", session => ListAsync(session, 1_000_000)), 1),
        ("FETCH lines without end", server => Answer(server, "UID FETCH", session => EndlessAsync(session, "* 1 FETCH (UID 1 FLAGS (\\Seen))")), 1),
        ("lines without end in IDLE", server => Answer(server, "IDLE", session => EndlessAsync(session, "* 5 EXISTS", "+ idling")), 1),
        ("SEARCH of 100 million messages", server => Answer(server, "UID SEARCH", session => LinesAsync(session, "* ESEARCH (TAG \"A\") UID ALL 1:100000000")), 1),
        ("10,000,000 EXISTS", server => Answer(server, "EXAMINE", session => LinesAsync(session, "* 10000000 EXISTS", "* OK [UIDVALIDITY 1] x", "* OK [UIDNEXT 10000001] x")), 1),
        ("EXPUNGE without end", server => Answer(server, "NOOP", session => EndlessAsync(session, "* 1 EXPUNGE")), 1),
        ("1,000,000 keywords", server => Answer(server, "EXAMINE", session => LinesAsync(session, $"* FLAGS ({string.Join(' ', Enumerable.Range(0, 1_000_000).Select(i => $"keyword{i}"))})")), 1),
        ("100 messages of 27,000 header fields", ManyFields, 1),
        ("10 accounts with structures of 11,000 addresses", ManyAddresses, 10),
        ("STATUS lines without end", server => Answer(server, "STATUS", session => EndlessAsync(session, "* STATUS INBOX (MESSAGES 1 UIDNEXT 2)")), 1),
    ];

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await dovecot.Seed(User, Messages, ListBenchmark.Message);
        foreach (var (what, flood, accounts) in Floods)
        {
            await MeasureAsync(report, dovecot, what, flood, accounts);
        }
    }

    private static async Task MeasureAsync(Report report, DovecotServer dovecot, string what, Action<ScriptedImapServer> flood, int accounts)
    {
        await using var gateway = await MeasuredGateway.Start();
        await gateway.AddAsync("healthy", dovecot.Port, User);
        var span = report.Rounds.Each * report.Rounds.Count;
        await UseAsync(gateway, report.Rounds.Each);
        var alone = await UseAsync(gateway, span);

        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Password = DovecotServer.Password, Capabilities = ScriptedOptions.Modest + " ESEARCH" });
        server.AddMailbox("Other");
        for (var i = 0; i < 3; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        flood(server);
        var names = Enumerable.Range(0, accounts).Select(i => $"hostile{i}").ToList();
        foreach (var name in names)
        {
            await gateway.PutAsync(name, server.Port, "hostile@example.com", watch: "all");
        }
        using var asking = new CancellationTokenSource();
        var asked = Task.WhenAll(names.Select(name => AskAsync(gateway, name, asking.Token)));
        var during = await UseAsync(gateway, span);
        await asking.CancelAsync();
        await asked;
        var began = Stopwatch.GetTimestamp();
        using var deleted = await gateway.Http.DeleteAsync(gateway.Address($"/v1/accounts/{names[0]}"));
        deleted.EnsureSuccessStatusCode();
        var deleting = Stopwatch.GetElapsedTime(began);

        report.Add(new Row($"{what}: list of another account, p95", "ms", [P95(during.Lists)]) { Remark = $"alone: {Row.Number(P95(alone.Lists))} ms", Target = Target.Most(250) });
        report.Add(new Row($"{what}: change of a flag there, longest", "ms", [during.Changes.Max()]) { Remark = $"alone: {Row.Number(alone.Changes.Max())} ms", Target = Target.Most(1000) });
        report.Add(new Row($"{what}: resident memory, highest", "MB", [during.Resident / 1048576.0]) { Remark = $"alone: {Row.Number(alone.Resident / 1048576.0)} MB", Target = Target.Most(700) });
        report.Add(new Row($"{what}: the account is deleted", "ms", [deleting.TotalMilliseconds]) { Target = Target.Most(1000) });
    }

    private sealed record Use(List<double> Lists, List<double> Changes, long Resident);

    /// <summary>Lists and changes flags of the healthy account, one after the other.</summary>
    private static async Task<Use> UseAsync(MeasuredGateway gateway, TimeSpan span)
    {
        var (use, began, resident) = (new Use([], [], 0), Stopwatch.GetTimestamp(), 0L);
        for (var turn = 0; turn < 3 || Stopwatch.GetElapsedTime(began) < span; turn++)
        {
            var start = Stopwatch.GetTimestamp();
            // Each another list: what was kept of the last answer says nothing.
            var list = await gateway.GetAsync($"{ListBenchmark.ListOf("healthy")}&before={2027 + turn % 5000:D4}-01-01");
            use.Lists.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            var message = list.GetProperty("items")[turn % 50].GetProperty("id").GetString();
            start = Stopwatch.GetTimestamp();
            using var changed = await gateway.Http.PatchAsJsonAsync(gateway.Address($"/v1/accounts/healthy/messages/{message}"), new { flags = new { add = turn % 2 == 0 ? new[] { "$flagged" } : [], remove = turn % 2 == 0 ? [] : new[] { "$flagged" } } });
            changed.EnsureSuccessStatusCode();
            use.Changes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            resident = Math.Max(resident, gateway.Process.ResidentBytes);
        }
        return use with { Resident = resident };
    }

    /// <summary>A client of the hostile account, which is not discouraged.</summary>
    private static async Task AskAsync(MeasuredGateway gateway, string account, CancellationToken stop)
    {
        string[] paths = ["mailboxes", "mailboxes/inbox/messages", "mailboxes/inbox/messages?subject=m"];
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            try
            {
                using var answer = await gateway.Http.GetAsync(gateway.Address($"/v1/accounts/{account}/{paths[turn % paths.Length]}"), stop);
                if (answer.StatusCode == HttpStatusCode.InternalServerError)
                {
                    throw new InvalidOperationException(await answer.Content.ReadAsStringAsync(stop));
                }
                await Task.Delay(100, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static double P95(List<double> values) => values.Order().ElementAt((int)(values.Count * 0.95));

    private static void Answer(ScriptedImapServer server, string command, Func<ScriptedSession, Task> answer) => server.On(command, async (session, heard, proceed) =>
    {
        if (command == "LIST" && heard.Arguments is [.., var pattern] && pattern.Text is "" or "INBOX")
        {
            await proceed();
            return;
        }
        await answer(session);
        session.Say($"{heard.Tag} OK done");
    });

    private static void ManyFields(ScriptedImapServer server)
    {
        var header = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("To: a@b\r\n", 27_000)) + "\r\n");
        Headers(server, header, []);
    }

    private static void ManyAddresses(ScriptedImapServer server)
    {
        var addresses = string.Concat(Enumerable.Repeat("(NIL NIL \"b\" \"c\")", 11_000));
        var structure = $" BODYSTRUCTURE (\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 5 (NIL \"s\" ({addresses}) NIL NIL NIL NIL NIL NIL NIL) (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 1) 1)";
        Headers(server, "Subject: m\r\n\r\n"u8.ToArray(), Encoding.ASCII.GetBytes(structure));
    }

    /// <summary>Answers with 100 messages. The answers are made beforehand: a server that works for them would take the processor time of those who are measured.</summary>
    private static void Headers(ScriptedImapServer server, byte[] header, byte[] structure)
    {
        for (var i = 0; i < 100; i++)
        {
            server.Inbox.Add(uid => new ScriptedMessage(uid, header));
        }
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            var text = command.ToString();
            if (text.IndexOf("HEADER.FIELDS", StringComparison.Ordinal) is not (> 0 and var section))
            {
                await proceed();
                return;
            }
            foreach (var uid in Refusals.Uids(command[0]))
            {
                session.Say($"* {uid} FETCH (UID {uid} RFC822.SIZE {header.Length} BODY[{text[section..text.IndexOf(']', section)]}] {{{header.Length}}}");
                session.SayOctets(header);
                session.SayOctets(structure);
                session.Say(")");
                await session.Flush();
            }
            session.Say($"{command.Tag} OK done");
        });
    }

    private static async Task ListAsync(ScriptedSession session, int count)
    {
        session.Say("* LIST () \"/\" INBOX");
        for (var i = 0; i < count; i++)
        {
            session.Say($"* LIST (\\HasNoChildren) \"/\" mailbox{i:D7}");
            if (i % 1000 == 0)
            {
                await session.Flush();
            }
        }
    }

    private static Task LinesAsync(ScriptedSession session, params string[] lines)
    {
        Array.ForEach(lines, session.Say);
        return session.Flush();
    }

    private static async Task EndlessAsync(ScriptedSession session, string line, string? first = null)
    {
        if (first is not null)
        {
            session.Say(first);
        }
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line + "\r\n", 1000)));
        while (true)
        {
            session.SayOctets(lines);
            await session.Flush();
        }
    }
}
