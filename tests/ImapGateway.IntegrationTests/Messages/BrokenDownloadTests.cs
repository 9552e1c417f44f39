using System.Globalization;
using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Downloads from servers that lie, break off or lose the message: no client takes a part for the whole, and the account works afterwards.</summary>
public sealed class BrokenDownloadTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private const int Size = 1_000_000;

    private async Task<(ApiAccount Account, string Id)> Add(ScriptedImapServer server, Func<uint, ScriptedMessage>? message = null)
    {
        server.Inbox.Add(message ?? (uid => new(uid, Mail.WithFile(Mail.Content(Size * 3 / 4)))));
        var answer = (await impatient.Api.Post("/v1/accounts", new
        {
            email = "anna@example.com",
            watch = "none",
            imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
        })).Is(HttpStatusCode.Created);
        var account = new ApiAccount(impatient.Api, answer.Text("id"));
        return (account, (await account.Newest()).GetProperty("id").GetString()!);
    }

    private static bool IsBody(ScriptedCommand command) => command.ToString().Contains("BODY.PEEK[", StringComparison.Ordinal) && !command.ToString().Contains("HEADER", StringComparison.Ordinal);

    public static TheoryData<string> Ends => ["close", "reset", "garbage", "silence", "short literal", "no"];

    [Theory, MemberData(nameof(Ends))]
    public async Task A_literal_that_breaks_off_is_never_a_whole_answer(string how)
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!IsBody(command))
            {
                await proceed();
                return;
            }

            session.Say(string.Create(CultureInfo.InvariantCulture, $"* 1 FETCH (UID 1 BODY[] {{{Size}}}"));
            session.SayOctets(new byte[Size / 2]);
            await session.Flush();
            switch (how)
            {
                case "close":
                    session.Close();
                    break;
                case "reset":
                    session.Reset();
                    break;
                case "silence":
                    await session.Silence();
                    break;
                case "short literal":
                    // The rest of what the server announced never comes, but the end of the command does.
                    session.Say(")");
                    session.Say($"{command.Tag} OK done");
                    await session.Flush();
                    await session.Silence();
                    break;
                case "no":
                    session.SayOctets(new byte[Size / 2]);
                    session.Say(")");
                    session.Say($"{command.Tag} NO [SERVERBUG] that was not it");
                    break;
                default:
                    session.SayOctets(new byte[Size / 2]);
                    session.Say(" (((((]");
                    break;
            }
        });
        using var response = await impatient.Gateway.Http.GetAsync(new Uri(account.Message(id, "/raw"), UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        // A reset may take along what was sent before it: then there was no first octet.
        if (response.StatusCode != HttpStatusCode.ServiceUnavailable || how != "reset")
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
        }

        server.On("UID FETCH", (_, _, proceed) => proceed());
        (await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
        await impatient.StillWorks();
    }

    [Fact]
    public async Task A_message_that_grew_smaller_behind_its_known_length_is_cut_off()
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        (await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
        server.On("UID FETCH", (session, command, proceed) => IsBody(command) ? Answer(session, command, "* 1 FETCH (UID 1 BODY[] {5}\r\nshort)") : proceed());
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => impatient.Gateway.Http.Download(account.Message(id, "/raw")));
        await impatient.StillWorks();
    }

    public static TheoryData<string, string> Losses => new()
    {
        { "* 1 EXPUNGE", "OK nothing to fetch" },
        { "", "OK nothing to fetch" },
        { "", "NO [EXPUNGEISSUED] some messages are gone" },
    };

    [Theory, MemberData(nameof(Losses))]
    public async Task A_message_that_goes_before_its_first_octet_is_410(string line, string end)
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!IsBody(command))
            {
                await proceed();
                return;
            }

            if (line.Length > 0)
            {
                session.Say(line);
            }

            session.Say($"{command.Tag} {end}");
        });
        // SEARCH answers by what is there.
        server.Inbox.Remove(server.Inbox.Messages[0]);
        foreach (var path in new[] { "/raw", "/parts/2", "/parts/1" })
        {
            (await impatient.Api.Get(account.Message(id, path))).Is(HttpStatusCode.Gone).IsProblem("gone");
            (await impatient.Api.Get(account.Message(id, path), ("Range", "bytes=1-"))).Is(HttpStatusCode.Gone).IsProblem("gone");
        }

        (await impatient.Api.Get(account.Message(id, "?body=text"))).Is(HttpStatusCode.Gone).IsProblem("gone");
        await impatient.StillWorks();
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000_000)]
    [InlineData(0)]
    public async Task A_size_that_is_not_true_does_no_harm(long size)
    {
        await using var server = ScriptedImapServer.Start();
        var octets = Mail.WithFile(Mail.Content(300_000));
        var (account, id) = await Add(server, uid => new(uid, octets) { Size = size });
        var http = impatient.Gateway.Http;
        var tail = (await http.Download(account.Message(id, "/raw"), ("Range", "bytes=-5"))).Is(HttpStatusCode.PartialContent);
        Assert.Equal(octets[^5..], tail.Octets);
        Assert.Equal($"bytes {octets.Length - 5}-{octets.Length - 1}/{octets.Length}", tail["Content-Range"]);
        Assert.Equal(octets, (await http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Octets);
    }

    [Fact]
    public async Task A_connection_that_was_dead_already_is_not_noticed()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var message = Mail.WithFile(Mail.Content(100_000));
        var id = await world.Deliver(account, message);
        var cuts = 1;
        tap.OnCommand = line => Task.FromResult(line.Text.Contains("BODY.PEEK[]", StringComparison.Ordinal) && Interlocked.Decrement(ref cuts) == 0 ? TapAction.Cut : TapAction.Pass);
        Assert.Equal(message, (await world.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Octets);
        Assert.True(cuts < 0);
    }

    [Fact]
    public async Task The_first_octets_leave_when_they_arrive()
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        var content = Mail.Content(309);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!IsBody(command))
            {
                await proceed();
                return;
            }

            session.Say("* 1 FETCH (UID 1 BODY[2] {412}");
            session.SayOctets(Encoding.ASCII.GetBytes(Convert.ToBase64String(content.AsSpan(0, 300))));
            await session.Flush();
            await goOn.Task;
            session.SayOctets(Encoding.ASCII.GetBytes(Convert.ToBase64String(content.AsSpan(300))));
            session.Say(")");
            session.Say($"{command.Tag} OK done");
        });
        try
        {
            using var response = await impatient.Gateway.Http.GetAsync(new Uri(account.Message(id, "/parts/2"), UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await using var received = await response.Content.ReadAsStreamAsync();
            var octets = new byte[309];
            await received.ReadExactlyAsync(octets.AsMemory(0, 300));
            Assert.Equal(content[..300], octets[..300]);
            goOn.SetResult();
            await received.ReadExactlyAsync(octets.AsMemory(300));
            Assert.Equal((content[300], 0), (octets[300], await received.ReadAsync(octets)));
        }
        finally
        {
            goOn.TrySetResult();
        }
    }

    [Theory]
    [InlineData(500_000, 0)]
    [InlineData(5_000_000, 1)]
    public async Task A_reader_that_goes_costs_the_connection_only_where_much_is_left(int size, int replaced)
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        await account.Newest();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!IsBody(command))
            {
                await proceed();
                return;
            }

            session.Say(string.Create(CultureInfo.InvariantCulture, $"* 1 FETCH (UID 1 BODY[] {{{size}}}"));
            session.SayOctets(new byte[1000]);
            await session.Flush();
            await goOn.Task;
            session.SayOctets(new byte[size - 1000]);
            session.Say(")");
            session.Say($"{command.Tag} OK done");
        });
        try
        {
            using (var reader = await SlowReader.Get(impatient.Gateway, account.Message(id, "/raw")))
            {
                await reader.Header();
            }

            await impatient.Gateway.Output.First(line => line.Contains($"ReadSection {id} of account {account.Id}: cancelled", StringComparison.Ordinal));
        }
        finally
        {
            goOn.SetResult();
        }

        server.On("UID FETCH", (_, _, proceed) => proceed());
        (await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
        await account.Newest();
        // Beside the one that verified the account.
        await TestWait.For(() => server.Connections - server.OpenConnections - 1 == replaced, "the end of the connections that are not used again");
    }

    /// <summary>The gateway is sending a piece then, and does not wait for the next one.</summary>
    [Fact]
    public async Task A_reader_that_goes_while_it_is_sent_octets_is_logged_as_cancelled()
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        await account.Newest();
        server.On("UID FETCH", (session, command, proceed) =>
        {
            if (!IsBody(command))
            {
                return proceed();
            }

            const int Size = 20_000_000;
            session.Say(string.Create(CultureInfo.InvariantCulture, $"* 1 FETCH (UID 1 BODY[] {{{Size}}}"));
            session.SayOctets(new byte[Size]);
            session.Say(")");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        using (var reader = await SlowReader.Get(impatient.Gateway, account.Message(id, "/raw")))
        {
            await reader.Header();
            await Task.Delay(200, CancellationToken.None);
        }

        await impatient.Gateway.Output.First(line => line.Contains($"ReadSection {id} of account {account.Id}: cancelled", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("EXAMINE", "+ go on")]
    [InlineData("EXAMINE", "* 0 FETCH (UID 0 FLAGS ())")]
    [InlineData("UID FETCH", "+ go on")]
    [InlineData("UID FETCH", "* 0 FETCH (UID 0 FLAGS ())")]
    public async Task Responses_that_MailKit_does_not_expect_are_faults_of_the_server(string command, string response)
    {
        await using var server = ScriptedImapServer.Start();
        var (account, _) = await Add(server);
        server.Inbox.Add("another");
        server.On(command, (session, _, proceed) =>
        {
            session.Say(response);
            return proceed();
        });
        var answer = await account.Api.Get(account.Messages("inbox"));
        Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable, $"{answer.Status}: {answer.Text}");
        server.On(command, (_, _, proceed) => proceed());
        Assert.Equal(2, (await account.Items(account.Messages("inbox"))).Count);
        await impatient.StillWorks();
    }

    [Fact]
    public async Task A_server_that_chatters_instead_of_sending_is_cut_off()
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!IsBody(command))
            {
                await proceed();
                return;
            }

            var chatter = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("* OK still thinking about it\r\n", 30_000)));
            for (var i = 0; i < 200; i++)
            {
                session.SayOctets(chatter);
                await session.Flush();
            }
        });
        (await impatient.Api.Get(account.Message(id, "/raw"))).IsProblem("account.protocol");
        await impatient.StillWorks();
    }

    [Fact]
    public async Task A_structure_of_brackets_without_end_is_refused_and_the_message_still_shown()
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server, uid => new(uid, Mail.Octets("Subject: deep\n\nthe text\n")) { BodyStructure = new string('(', 200_000) });
        var answer = (await impatient.Api.Get(account.Message(id, "?body=text"))).Is(HttpStatusCode.OK);
        Assert.Equal(("deep", "the text"), (answer.Text("subject"), answer.Text("body", "text")));
        await impatient.StillWorks();
    }

    private static Task Answer(ScriptedSession session, ScriptedCommand command, string line)
    {
        session.Say(line);
        session.Say($"{command.Tag} OK done");
        return Task.CompletedTask;
    }
}
