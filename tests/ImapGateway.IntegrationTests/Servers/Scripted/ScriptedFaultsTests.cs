using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>The faults that the scripted server can be given, as stock MailKit sees them.</summary>
public class ScriptedFaultsTests
{
    [Theory]
    [InlineData("NO [THROTTLED] slow down")]
    [InlineData("NO [UNAVAILABLE] later")]
    [InlineData("BAD what?")]
    public async Task A_login_can_be_answered_with_anything(string answer)
    {
        await using var server = ScriptedImapServer.Start(new() { LoginAnswer = answer });
        await using var raw = await RawImap.Connect(ScriptedImapServer.Host, server.Port);
        Assert.Equal($"t1 {answer}", (await Assert.ThrowsAsync<IOException>(() => raw.Login("anna", "pass"))).Message);
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var server = ScriptedImapServer.Start(new() { Password = "other" });
        await Assert.ThrowsAsync<AuthenticationException>(() => StockClient.Connect(server));
    }

    [Fact]
    public async Task Logins_beyond_the_limit_are_refused_until_one_leaves()
    {
        await using var server = ScriptedImapServer.Start(new() { MaxConnections = 1 });
        using var first = await StockClient.Connect(server);
        await Assert.ThrowsAsync<AuthenticationException>(() => StockClient.Connect(server));
        await first.DisconnectAsync(true);
        await server.WaitForConnections(made: 2, open: 0);
        using var second = await StockClient.Connect(server);
        Assert.True(second.IsAuthenticated);
    }

    [Theory]
    [InlineData("* BYE [UNAVAILABLE] come back later")]
    [InlineData("SSH-2.0-OpenSSH_9.2")]
    public async Task A_greeting_can_be_a_farewell_or_nonsense(string greeting)
    {
        await using var server = ScriptedImapServer.Start(new() { Greeting = greeting });
        await Assert.ThrowsAnyAsync<Exception>(() => StockClient.Connect(server));
    }

    [Fact]
    public async Task A_server_can_accept_and_never_say_a_word()
    {
        await using var server = ScriptedImapServer.Start(new() { Greeting = null });
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        using var client = new ImapClient();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.ConnectAsync(ScriptedImapServer.Host, server.Port, SecureSocketOptions.None, deadline.Token));
    }

    [Fact]
    public async Task A_server_can_fall_silent_after_some_commands()
    {
        await using var server = ScriptedImapServer.Start();
        using var client = await StockClient.Connect(server);
        server.Options = server.Options with { SilentAfter = 0 };
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.NoOpAsync(deadline.Token));
        Assert.Equal(1, server.CountOf("NOOP"));
    }

    [Fact]
    public async Task Uidnext_can_be_missing_and_uidvalidity_can_change()
    {
        await using var server = ScriptedImapServer.Start(new() { SelectTellsUidNext = false });
        server.Inbox.Add("one");
        using var client = await StockClient.OpenInbox(server);
        Assert.Null(client.Inbox.UidNext);
        var before = client.Inbox.UidValidity;
        server.Inbox.UidValidity += 5;
        await client.Inbox.CloseAsync();
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        Assert.Equal(before + 5, client.Inbox.UidValidity);
    }

    [Theory]
    [InlineData(false, "t2 BAD unknown command")]
    [InlineData(true, "t2 NO unknown command")]
    public async Task An_unknown_command_is_bad_or_no(bool saysNo, string answer)
    {
        await using var server = ScriptedImapServer.Start(new() { SaysNoToUnknownCommands = saysNo });
        await using var raw = await RawImap.Connect(ScriptedImapServer.Host, server.Port);
        await raw.Login("anna", "pass");
        await raw.Command("SELECT INBOX");
        var refused = await Assert.ThrowsAsync<IOException>(() => raw.Command("FROBNICATE"));
        Assert.Equal(answer.Replace("t2", "t3", StringComparison.Ordinal), refused.Message);
    }

    [Fact]
    public async Task What_is_not_advertised_does_not_work()
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = "IMAP4rev1" });
        await using var raw = await RawImap.Connect(ScriptedImapServer.Host, server.Port);
        await raw.Login("anna", "pass");
        await raw.Command("SELECT INBOX");
        foreach (var command in new[] { "IDLE", "UID MOVE 1 INBOX", "UID EXPUNGE 1", "XLIST \"\" *", "UID SEARCH RETURN (ALL) ALL" })
        {
            Assert.Contains("BAD", (await Assert.ThrowsAsync<IOException>(() => raw.Command(command))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_connection_can_end_in_the_middle_of_a_literal()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("long", new string('x', 100_000))));
        using var client = await StockClient.OpenInbox(server);
        server.On("UID FETCH", (session, _, proceed) =>
        {
            session.CloseAfter = 50_000;
            return proceed();
        });
        await Assert.ThrowsAnyAsync<Exception>(() => client.Inbox.GetMessageAsync(new UniqueId(1)));
        Assert.False(client.IsConnected);
    }

    [Fact]
    public async Task Garbage_can_stand_in_the_middle_of_an_answer()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        using var client = await StockClient.OpenInbox(server);
        server.On("UID FETCH", async (session, _, proceed) =>
        {
            session.SayOctets([.. "* 1 FETCH (FLAGS "u8, 0, 0xFF, .. ")))) {{{\r\n"u8]);
            await proceed();
        });
        await Assert.ThrowsAsync<ImapProtocolException>(() => client.Inbox.FetchAsync([new UniqueId(1)], MessageSummaryItems.Flags));
    }

    [Fact]
    public async Task One_message_can_have_a_broken_structure_and_a_wrong_size()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("one")) { Envelope = "(NIL NIL nonsense)" });
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("two")) { Size = 7 });
        using var client = await StockClient.OpenInbox(server);
        Assert.Equal(7u, Assert.Single(await client.Inbox.FetchAsync([new UniqueId(2)], MessageSummaryItems.Size)).Size);
        await Assert.ThrowsAsync<ImapProtocolException>(() => client.Inbox.FetchAsync([new UniqueId(1)], MessageSummaryItems.Envelope));
    }

    [Fact]
    public async Task A_hook_answers_in_place_of_the_server_and_sees_the_arguments()
    {
        await using var server = ScriptedImapServer.Start();
        server.On("NOOP", (session, command, _) =>
        {
            session.Say($"{command.Tag} NO [INUSE] not now");
            return Task.CompletedTask;
        });
        await using var raw = await RawImap.Connect(ScriptedImapServer.Host, server.Port);
        await raw.Login("anna", "pass");
        await Assert.ThrowsAsync<IOException>(() => raw.Command("NOOP"));
        var status = await Assert.ThrowsAsync<IOException>(() => raw.Command("STATUS \"a \\\"b\" (MESSAGES (X Y[Z (Q)]))"));
        Assert.Contains("NONEXISTENT", status.Message, StringComparison.Ordinal);
        var seen = server.Commands.Entries[^1];
        Assert.Equal(("STATUS", "a \"b", "(MESSAGES (X Y[Z (Q)]))"), (seen.Name, seen[0], seen.Arguments[1].ToString()));
    }

    [Fact]
    public async Task A_client_that_leaves_without_a_word_is_forgotten()
    {
        await using var server = ScriptedImapServer.Start();
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(ScriptedImapServer.Host, server.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes("a1 APPEND INBOX {100}\r\nhalf"));
        }

        await server.WaitForConnections(made: 1, open: 0);
        Assert.Empty(server.Inbox.Messages);
    }
}
