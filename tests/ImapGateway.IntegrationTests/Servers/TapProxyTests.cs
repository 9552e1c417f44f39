using System.Diagnostics;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace ImapGateway.IntegrationTests.Servers;

public class TapProxyTests
{
    private static async Task<ImapClient> Connect(TapProxy tap, string user)
    {
        var client = new ImapClient();
        await client.ConnectAsync(TapProxy.Host, tap.Port, SecureSocketOptions.None);
        await client.AuthenticateAsync(user, DovecotServer.Password);
        return client;
    }

    private static async Task<TapProxy> Tap() => TapProxy.Start((await SharedServers.Dovecot).Port);

    [Fact]
    public async Task It_keeps_and_counts_what_both_sides_say()
    {
        await using var tap = await Tap();
        var user = World.NewUser();
        using var client = await Connect(tap, user);
        var message = new MimeKit.MimeMessage { Body = new MimeKit.TextPart { Text = "T1 FETCH 1 (FLAGS)\r\nA2 NOOP\r\n" } };
        await client.Inbox.AppendAsync(message);
        await client.NoOpAsync();
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        await client.Inbox.FetchAsync(0, -1, MessageSummaryItems.UniqueId | MessageSummaryItems.Envelope);
        await client.Inbox.FetchAsync([new UniqueId(1)], MessageSummaryItems.Flags);
        // What looks like commands in the literal is not counted.
        Assert.Equal((1, 1, 1, 1), (tap.CountOf("NOOP"), tap.CountOf("FETCH"), tap.CountOf("UID FETCH"), tap.CountOf("APPEND")));
        Assert.DoesNotContain("UID STORE", tap.Commands);
        Assert.Contains(tap.Lines.Entries, line => !line.FromClient && line.Text.Contains("UIDVALIDITY", StringComparison.Ordinal));
        Assert.Equal((1, 1), (tap.Connections, tap.OpenConnections));
    }

    [Fact]
    public async Task A_stalled_connection_goes_on_where_it_was()
    {
        await using var tap = await Tap();
        using var client = await Connect(tap, World.NewUser());
        tap.Stall();
        var noop = client.NoOpAsync();
        Assert.Equal(0, tap.CountOf("NOOP"));
        tap.Resume();
        await noop;
        Assert.Equal(1, tap.CountOf("NOOP"));
    }

    [Fact]
    public async Task A_cut_connection_ends_for_both_sides_and_new_ones_work()
    {
        await using var tap = await Tap();
        var user = World.NewUser();
        using var client = await Connect(tap, user);
        tap.Cut();
        await Assert.ThrowsAnyAsync<IOException>(() => client.NoOpAsync());
        using var next = await Connect(tap, user);
        await next.NoOpAsync();
        Assert.Equal(2, tap.Connections);
    }

    [Fact]
    public async Task A_forgotten_connection_stays_open_and_says_nothing_any_more()
    {
        await using var tap = await Tap();
        using var client = await Connect(tap, World.NewUser());
        tap.ForgetConnections();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.NoOpAsync(deadline.Token));
        Assert.Equal(0, tap.CountOf("NOOP"));
    }

    [Fact]
    public async Task A_command_can_be_swallowed_cut_off_or_preceded_by_something_else()
    {
        await using var tap = await Tap();
        var user = World.NewUser();
        using var client = await Connect(tap, user);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        var dovecot = await SharedServers.Dovecot;
        tap.OnCommand = async line =>
        {
            if (line.Command == "NOOP")
            {
                await dovecot.Append(user, "Subject: just now\r\n\r\n"u8.ToArray());
            }

            return line.Command switch { "CHECK" => TapAction.Swallow, "EXPUNGE" => TapAction.Cut, _ => TapAction.Pass };
        };
        await client.NoOpAsync();
        Assert.Equal(1, client.Inbox.Count);
        using var second = await Connect(tap, user);
        await second.Inbox.OpenAsync(FolderAccess.ReadWrite);
        await Assert.ThrowsAnyAsync<IOException>(() => second.Inbox.ExpungeAsync());
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Inbox.CheckAsync(deadline.Token));
        await tap.WaitFor("CHECK");
    }

    [Fact]
    public async Task A_connection_can_end_in_the_middle_of_a_literal()
    {
        await using var tap = await Tap();
        var user = World.NewUser();
        await (await SharedServers.Dovecot).Append(user, [.. "Subject: long\r\n\r\n"u8, .. Enumerable.Repeat((byte)'x', 200_000)]);
        using var client = await Connect(tap, user);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        tap.CutAfterServerOctets = 100_000;
        await Assert.ThrowsAnyAsync<IOException>(() => client.Inbox.GetMessageAsync(0));
    }

    [Fact]
    public async Task A_proxy_that_is_down_refuses_until_it_comes_back()
    {
        await using var tap = await Tap();
        var user = World.NewUser();
        tap.GoDown();
        await Assert.ThrowsAnyAsync<System.Net.Sockets.SocketException>(() => Connect(tap, user));
        tap.ComeBack();
        using var client = await Connect(tap, user);
        Assert.True(client.IsAuthenticated);
    }

    [Fact]
    public async Task Answers_can_be_late()
    {
        await using var tap = await Tap();
        using var client = await Connect(tap, World.NewUser());
        tap.Delay = TimeSpan.FromMilliseconds(200);
        var watch = Stopwatch.StartNew();
        await client.NoOpAsync();
        Assert.True(watch.Elapsed >= TimeSpan.FromMilliseconds(190), $"{watch.Elapsed}");
    }
}
