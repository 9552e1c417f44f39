using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Imap;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>A message that the mail server cannot answer for costs only itself.</summary>
public sealed class BadMessageTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private const string Words = "Could not parse message";

    private static readonly string[] Subjects = ["one", "two", "bad", "four", "five", "six", "seven"];

    private const string Query = "query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages(first: 20) { nodes { uid subject problem { code detail } body { content } } } } } }";

    /// <summary>The uid of the message that cannot be read.</summary>
    private const uint Bad = 3;

    public static TheoryData<string> Refused => [$"NO [UNAVAILABLE] {Words}", $"NO {Words}", $"NO [SERVERBUG] {Words}", $"BAD {Words}", Refusals.Closes, Refusals.SaysNothing];

    private async Task<ApiAccount> Add(ScriptedImapServer server, string watch = "none") => new(impatient.Api, (await impatient.Api.Post("/v1/accounts", new
    {
        email = "anna@example.com",
        watch,
        imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
    })).Is(HttpStatusCode.Created).Text("id"));

    private static ScriptedImapServer Start()
    {
        var server = ScriptedImapServer.Start();
        foreach (var subject in Subjects)
        {
            server.Inbox.Add(subject, subject == "bad" ? [@"\Flagged"] : []);
        }
        return server;
    }

    private static string? ProblemOf(JsonElement message) => message.TryGetProperty("problem", out var problem) && problem.ValueKind == JsonValueKind.Object ? problem.GetProperty("code").GetString() : null;

    private static bool IsOfText(ScriptedCommand command) => command.ToString().Contains("BODY.PEEK[1]", StringComparison.Ordinal) || command.ToString().Contains("BODY.PEEK[TEXT]", StringComparison.Ordinal);

    [Theory, MemberData(nameof(Refused))]
    [InlineData(Refusals.Hangs)]
    public async Task Lists_show_all_others_and_it_with_what_is_known(string how)
    {
        await using var server = Start();
        server.Refuse(how, [Bad]);
        var account = await Add(server);
        var list = (await account.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK);
        var items = list.Json.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([7u, 6, 5, 4, 3, 2, 1], items.Select(message => message.Uid()));
        Assert.Equal(["seven", "six", "five", "four", null, "two", "one"], items.Select(message => message.Subject()));
        Assert.All(items.Where(message => message.Uid() != Bad), message =>
        {
            Assert.Null(ProblemOf(message));
            Assert.Equal("Some text.", message.GetProperty("preview").GetString());
        });
        var bad = items.Single(message => message.Uid() == Bad);
        Assert.NotNull(ProblemOf(bad));
        Assert.Equal(("$flagged", server.Inbox.Messages[2].Octets.Length, "2026-01-02T03:04:05Z"), (bad.Flags(), bad.GetProperty("size").GetInt32(), bad.GetProperty("receivedAt").GetString()));
        if (how.Contains(Words, StringComparison.Ordinal))
        {
            Assert.Contains(Words, bad.GetProperty("problem").GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
        Assert.Null(list.Headers.ETag);
        var error = (await account.Api.Get(account.Path)).Text("lastError", "detail");
        Assert.Contains("uid 3", error, StringComparison.Ordinal);
        Assert.Contains("INBOX", error, StringComparison.Ordinal);

        // Known now: nothing of it is asked for until its time has come.
        var asked = server.Commands.Count(IsAboutBad);
        Assert.Equal(7, (await account.Items(account.Messages("inbox"))).Count);
        Assert.Equal(asked, server.Commands.Count(IsAboutBad));
        await impatient.StillWorks();
    }

    /// <summary>Fingerprints are looked for in the background.</summary>
    private static bool IsAboutBad(ScriptedCommand command) =>
        command.Name == "UID FETCH" && Refusals.Reads(command) && !command.ToString().Contains("(MESSAGE-ID)", StringComparison.Ordinal) && Refusals.Uids(command[0]).Contains(Bad);

    [Theory, MemberData(nameof(Refused))]
    public async Task Filters_ids_bodies_and_downloads_of_the_others_work(string how)
    {
        await using var server = Start();
        server.Refuse(how, [Bad]);
        var account = await Add(server);
        foreach (var query in new[] { "?hasAttachments=false", "?since=2020-01-01T00:00:00Z", "?unseen=true", "?limit=2" })
        {
            Assert.Equal([7u, 6, 5, 4, 3, 2, 1], (await account.Pages(query)).Select(message => message.Uid()));
        }
        Assert.Equal([5u], (await account.Pages("?subject=five")).Select(message => message.Uid()));
        var ids = (await account.Items(account.Messages("inbox"))).ToDictionary(message => message.Uid(), message => message.Id());
        var all = $"{account.Path}/messages?ids={string.Join(',', ids.Values)}";
        Assert.Equal(7, (await account.Items(all)).Count);
        var texts = (await account.Api.Get($"{all}&body=text")).Is(HttpStatusCode.OK);
        Assert.Equal(6, texts.Json.GetProperty("items").EnumerateArray().Count(message => message.GetProperty("body").GetProperty("text").GetString()!.Trim() == "Some text."));
        var missing = Assert.Single(texts.Json.GetProperty("missing").EnumerateArray());
        Assert.Equal(ids[Bad], missing.GetProperty("id").GetString());
        Assert.StartsWith("account.", missing.GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.Null(texts.Headers.ETag);
        foreach (var (uid, id) in ids)
        {
            Assert.Equal(uid == Bad, ProblemOf((await account.Api.Get(account.Message(id))).Is(HttpStatusCode.OK).Json) is not null);
            foreach (var path in new[] { "?body=text", "?headers=Subject", "/raw", "/parts/1" })
            {
                var answer = await account.Api.Get(account.Message(id, path));
                Assert.True(uid == Bad ? answer.Status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.Forbidden : answer.Status == HttpStatusCode.OK, $"{uid} {path} {answer.Status}: {answer.Text}");
            }
        }
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task The_graph_shows_all_others(string how)
    {
        await using var server = Start();
        server.Refuse(how, [Bad]);
        var account = await Add(server);
        foreach (var again in new[] { false, true })
        {
            var answer = await account.Api.Graph(Query, new { account = account.Id });
            var nodes = answer.Json.At("data.account.mailbox.messages.nodes").EnumerateArray().ToList();
            Assert.Equal([7, 6, 5, 4, 3, 2, 1], nodes.Select(node => node.GetProperty("uid").GetInt32()));
            Assert.All(nodes, node => Assert.Equal(node.GetProperty("uid").GetInt32() == Bad, ProblemOf(node) is not null));
            Assert.Equal(6, nodes.Count(node => node.GetProperty("body") is { ValueKind: JsonValueKind.Object } body && body.GetProperty("content").GetString()!.Trim() == "Some text."));
            Assert.StartsWith("account.", answer.Error().Code(), StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task A_message_whose_text_alone_is_refused_is_shown_with_its_header_and_the_others_with_their_previews(string how)
    {
        await using var server = Start();
        server.Refuse(how, [Bad], IsOfText);
        var account = await Add(server);
        var items = await account.Items(account.Messages("inbox"));
        Assert.Equal(Subjects.Reverse(), items.Select(message => message.Subject()));
        Assert.All(items, message => Assert.Equal(message.Uid() == Bad ? ("", true) : ("Some text.", false), (message.GetProperty("preview").GetString(), ProblemOf(message) is not null)));
    }

    [Fact]
    public Task What_can_be_read_again_is_read_again() => Task.WhenAll(Refused.SelectMany(how => new[] { IsReadAgain(how.Data, Refusals.Reads), IsReadAgain(how.Data, IsOfText) }));

    /// <summary>The list has an entity tag again, the graph no error, and the account neither.</summary>
    private async Task IsReadAgain(string how, Func<ScriptedCommand, bool> reads)
    {
        await using var server = Start();
        server.Refuse(how, [Bad], reads);
        var account = await Add(server);
        Assert.Equal(1, (await account.Items(account.Messages("inbox"))).Count(message => ProblemOf(message) is not null));
        server.Refuse(how, []);
        await TestWait.For(async () => (await account.Items(account.Messages("inbox"))).All(message => ProblemOf(message) is null), $"the message is asked for again: {how}");
        var list = (await account.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK);
        Assert.Equal(Subjects.Reverse(), list.Json.GetProperty("items").EnumerateArray().Select(message => message.Subject()));
        Assert.All(list.Json.GetProperty("items").EnumerateArray(), message => Assert.Equal("Some text.", message.GetProperty("preview").GetString()));
        Assert.NotNull(list.Headers.ETag);
        Assert.False((await account.Api.Graph(Query, new { account = account.Id })).Json.TryGetProperty("errors", out _));
        await TestWait.For(async () => !(await account.Api.Get(account.Path)).Json.TryGetProperty("lastError", out _), "the account has no error any more");
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task A_message_about_which_nothing_can_be_fetched_is_shown_by_the_index_alone(string how)
    {
        await using var server = Start();
        server.Refuse(how, [Bad], static _ => true);
        var account = await Add(server);
        var items = await account.Items(account.Messages("inbox"));
        Assert.Equal([7u, 6, 5, 4, 3, 2, 1], items.Select(message => message.Uid()));
        Assert.Equal(("$flagged", true), (items[4].Flags(), ProblemOf(items[4]) is not null));
        Assert.Equal(6, items.Count(message => message.Subject() is not null));
    }

    [Theory]
    [InlineData(Refusals.SaysNothing, 1)]
    [InlineData(Refusals.SaysNothing, 2)]
    [InlineData(Refusals.SaysNothing, 3)]
    [InlineData(Refusals.SaysNothing, 4)]
    [InlineData(Refusals.Closes, 2)]
    [InlineData("NO something is wrong", 2)]
    [InlineData("NO something is wrong", 3)]
    public async Task One_that_is_expunged_while_it_is_asked_for_again_is_not_shown_as_a_bad_one(string how, int expungedAt)
    {
        await using var server = Start();
        var account = await Add(server);
        var times = 0;
        server.Refuse(how, [Bad], command =>
        {
            // The fingerprints are read beside the list.
            if (!command.ToString().Contains("(MESSAGE-ID)", StringComparison.Ordinal) && ++times == expungedAt)
            {
                server.Inbox.Remove(server.Inbox.Messages.Single(message => message.Uid == Bad));
            }
            return true;
        });
        Assert.Equal([7u, 6, 5, 4, 2, 1], (await account.Items(account.Messages("inbox"))).Select(message => message.Uid()));
        Assert.True(times >= expungedAt);
    }

    [Theory]
    [InlineData("BAD no such part")]
    [InlineData("NO no such part")]
    public async Task Part_one_of_a_message_without_parts_is_its_text_where_the_server_knows_no_part_one(string refusal)
    {
        await using var server = Start();
        var multipart = Mail.WithFile(Mail.Content(300));
        server.Inbox.Add(uid => new ScriptedMessage(uid, multipart));
        server.Refuse(refusal, [.. Enumerable.Range(1, 7).Select(uid => (uint)uid)], static command => command.ToString().Contains("BODY.PEEK[1]", StringComparison.Ordinal));
        var account = await Add(server);
        var items = await account.Items(account.Messages("inbox"));
        Assert.All(items, message => Assert.Equal((null, true), (ProblemOf(message), message.GetProperty("preview").GetString()!.Length > 0)));
        foreach (var message in items.Where(message => message.Uid() < 8))
        {
            Assert.Equal("Some text.", (await account.Api.Get(account.Message(message.Id(), "?body=text"))).Is(HttpStatusCode.OK).Text("body", "text").Trim());
            Assert.Equal("Some text.\r\n", (await account.Api.Get(account.Message(message.Id(), "/parts/1"))).Is(HttpStatusCode.OK).Text);
            Assert.Equal("text", (await account.Api.Get(account.Message(message.Id(), "/parts/1"), ("Range", "bytes=5-8"))).Is(HttpStatusCode.PartialContent).Text);
        }
    }

    [Fact]
    public async Task Of_many_bad_messages_a_page_isolates_some_and_the_next_request_goes_on()
    {
        await using var server = ScriptedImapServer.Start();
        for (var i = 0; i < 60; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        var bad = Enumerable.Range(1, 20).Select(i => (uint)i * 3).ToList();
        server.Refuse("NO [UNAVAILABLE] gone fishing", bad);
        var account = await Add(server);
        var before = server.CountOf("UID FETCH");
        Assert.Equal(60, (await account.Items(account.Messages("inbox", "?limit=100"))).Count);
        Assert.InRange(server.CountOf("UID FETCH") - before, 1, 120);
        await TestWait.For(async () => (await account.Items(account.Messages("inbox", "?limit=100"))).Where(message => ProblemOf(message) is null).Select(message => message.Uid()).Order().SequenceEqual(Enumerable.Range(1, 60).Select(i => (uint)i).Except(bad)), "all that can be read is");
    }

    /// <summary>Servers answer in order, so the answer shows which message it ended at.</summary>
    [Theory]
    [InlineData(Refusals.Hangs)]
    [InlineData(Refusals.Closes)]
    public async Task Of_a_hundred_messages_one_whose_answer_never_comes_costs_two_more_commands(string how)
    {
        await using var server = ScriptedImapServer.Start();
        for (var i = 1; i <= 100; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        const uint Hanging = 37;
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            var uids = Refusals.Uids(command[0]).ToList();
            if (!uids.Contains(Hanging) || !command.ToString().Contains("BODYSTRUCTURE", StringComparison.Ordinal))
            {
                await proceed();
                return;
            }
            if (uids.Where(uid => uid < Hanging).Select(uid => uid.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToList() is { Count: > 0 } before)
            {
                await ScriptedCommands.Run(session, command with { Tag = "*", Arguments = [new ImapValue(string.Join(',', before)), .. command.Arguments.Skip(1)] });
                await session.Flush();
            }
            if (how == Refusals.Hangs)
            {
                await session.Silence();
            }
            session.Close();
        });
        var account = await Add(server);
        var items = await account.Items(account.Messages("inbox", "?limit=100"));
        // The structure of the one is read from the message itself.
        Assert.Equal(Enumerable.Range(1, 100).Reverse().Select(i => $"m{i}"), items.Select(message => message.Subject()));
        // All of them (a second time where the connection has ended, for that may be by chance), the one, and all others.
        Assert.Equal(how == Refusals.Hangs ? 3 : 4, server.Commands.Count(command => command.Name == "UID FETCH" && command.ToString().Contains("BODYSTRUCTURE", StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task A_server_that_answers_no_fetch_at_all_is_to_blame_and_no_message(string how)
    {
        await using var server = Start();
        var account = await Add(server);
        server.Refuse(how, [1, 2, 3, 4, 5, 6, 7], static _ => true);
        var answer = await account.Api.Get(account.Messages("inbox"));
        Assert.True(answer.Status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.Forbidden, $"{answer.Status}: {answer.Text}");
        Assert.InRange(server.CountOf("UID FETCH"), 1, 20);
        server.Refuse(how, []);
        Assert.Equal(Subjects.Reverse(), (await account.Items(account.Messages("inbox"))).Select(message => message.Subject()));
    }

    [Theory, MemberData(nameof(Refused))]
    [InlineData(Refusals.Hangs)]
    public async Task The_feed_tells_it_and_goes_on(string how)
    {
        await using var server = Start();
        var account = await Add(server, watch: "all");
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected", "the account is watched");
        var position = (await account.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK).Text("feedPosition");
        server.Refuse(how, [8]);
        server.Inbox.Add("eight");
        server.Inbox.Add("nine");
        server.Inbox.SetFlags(server.Inbox.Messages[0], @"\Seen");
        async Task<List<JsonElement>> Told() => [.. (await account.Api.Get($"{account.Path}/changes?after={position}&types=message.*")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()];
        await TestWait.For(async () => (await Told()).Count >= 3, "three changes");
        var told = await Told();
        Assert.Equal(["message.added", "message.added", "message.flags_changed"], told.Select(change => change.GetProperty("type").GetString()).Order());
        var added = told.Where(change => change.GetProperty("type").GetString() == "message.added").Select(change => change.GetProperty("data").GetProperty("message")).ToDictionary(message => message.Uid());
        Assert.Equal(("nine", null), (added[9].Subject(), ProblemOf(added[9])));
        Assert.Equal((null, true), (added[8].Subject(), ProblemOf(added[8]) is not null));
        server.Inbox.Add("ten");
        await TestWait.For(async () => (await Told()).Count == 4, "what comes later");
    }

    [Theory]
    [InlineData("BODY[] NIL")]
    [InlineData("BODY[] \"\"")]
    [InlineData("")]
    public async Task A_message_that_is_there_and_of_which_no_octet_comes_is_502(string item)
    {
        await using var server = Start();
        var account = await Add(server);
        var id = (await account.Items(account.Messages("inbox"))).Single(message => message.Uid() == Bad).Id();
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!command.ToString().Contains("BODY.PEEK[", StringComparison.Ordinal) || command.ToString().Contains("HEADER", StringComparison.Ordinal))
            {
                await proceed();
                return;
            }
            if (item.Length > 0)
            {
                session.Say($"* 3 FETCH (UID 3 {item.Replace("[]", command.ToString().Contains("[1]", StringComparison.Ordinal) ? "[1]" : "[]", StringComparison.Ordinal)})");
            }
            session.Say($"{command.Tag} OK done");
        });
        foreach (var path in new[] { "/raw", "/parts/1", "?body=text" })
        {
            (await account.Api.Get(account.Message(id, path))).Is(HttpStatusCode.BadGateway).IsProblem("account.protocol");
        }
        foreach (var path in new[] { "/raw", "/parts/1" })
        {
            (await account.Api.Get(account.Message(id, path), ("Range", "bytes=0-3"))).Is(HttpStatusCode.BadGateway).IsProblem("account.protocol");
            (await account.Api.Get(account.Message(id, path), ("Range", "bytes=-3"))).Is(HttpStatusCode.BadGateway).IsProblem("account.protocol");
        }
        server.On("UID FETCH", (_, _, proceed) => proceed());
        Assert.Equal(server.Inbox.Messages[2].Octets, (await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Octets);
    }
}
