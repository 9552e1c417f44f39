using ImapGateway.IntegrationTests.Faults;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Sync.Watching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>A gateway inside of the test process whose watchers have a clock that stands still.</summary>
public sealed class StandingClockGateway : FaultyGateway
{
    public FakeTimeProvider WatchTime { get; } = new(DateTimeOffset.UtcNow);

    protected override void Replace(IServiceCollection services) =>
        services.Replace(ServiceDescriptor.Singleton(provider => ActivatorUtilities.CreateInstance<WatcherFactory>(provider, WatchTime)));
}

public sealed class PacedWatchTests(StandingClockGateway gateway) : IClassFixture<StandingClockGateway>
{
    [Fact]
    public async Task A_server_that_pushes_something_in_every_IDLE_is_not_answered_faster_than_the_pace()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        server.On("IDLE", async (session, _, proceed) =>
        {
            session.Say("* 1 FETCH (FLAGS ())");
            await session.Flush();
            await proceed();
        });
        var account = await gateway.AddWatched(server);
        await TestWait.For(() => server.CountOf("IDLE") >= Pace.Burst, "the rounds that follow each other without a pause");

        // The watcher waits for its clock, however much the server does for others in between.
        await AskOften();
        Assert.Equal(Pace.Burst, server.CountOf("IDLE"));
        for (var round = 1; round <= 3; round++)
        {
            gateway.WatchTime.Advance(Pace.Interval);
            await TestWait.For(() => server.CountOf("IDLE") == Pace.Burst + round, "the next round");
            await AskOften();
            Assert.Equal(Pace.Burst + round, server.CountOf("IDLE"));
        }

        async Task AskOften()
        {
            for (var i = 0; i < 50; i++)
            {
                (await gateway.Api.Get($"/v1/accounts/{account}/mailboxes/inbox/messages", ("Cache-Control", "no-cache"))).Is(System.Net.HttpStatusCode.OK);
            }
        }
    }

    [Fact]
    public async Task A_server_that_reports_something_in_every_answer_is_not_asked_faster_than_the_pace()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        server.AddMailbox("Archive");
        await gateway.AddWatched(server);
        var reports = 1000;
        server.On("EXAMINE", (session, _, proceed) =>
        {
            var next = Interlocked.Increment(ref reports);
            foreach (var mailbox in new[] { "INBOX", "Archive" })
            {
                session.Say($"* STATUS {mailbox} (MESSAGES {next} UIDNEXT {next + 1})");
            }
            return proceed();
        });
        server.Inbox.Add("two");
        await TestWait.For(() => server.CountOf("EXAMINE") >= Pace.Burst, "the rounds that follow each other without a pause");
        await Stands(server, "EXAMINE");
        var before = server.CountOf("EXAMINE");
        gateway.WatchTime.Advance(Pace.Interval);
        await TestWait.For(() => server.CountOf("EXAMINE") > before, "the next round");
        await Stands(server, "EXAMINE");
    }

    [Fact]
    public async Task A_server_that_floods_is_left_in_peace_until_the_pause_is_over_whatever_is_requested()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        server.On("IDLE", async (session, _, _) =>
        {
            session.Say("+ idling");
            for (var i = 0; i < 10_000_000; i++)
            {
                session.Say("* OK still here");
                if (i % 1000 == 0)
                {
                    await session.Flush();
                }
            }
        });
        var account = await gateway.Add(server, "all");
        await TestWait.For(async () => (await gateway.Api.Get($"/v1/accounts/{account}")).Text("state") == "unavailable", "the end of the flood");
        for (var i = 0; i < 20; i++)
        {
            // What is known is shown; where nothing may be shown, the server is not asked either.
            var answer = await gateway.Api.Get($"/v1/accounts/{account}/mailboxes/inbox/messages");
            Assert.True(answer.Status == System.Net.HttpStatusCode.OK || answer.Text("code") == "account.protocol", answer.Text);
        }
        Assert.Equal(1, server.CountOf("IDLE"));
    }

    [Fact]
    public async Task A_server_that_stops_reporting_at_once_is_asked_again_after_longer_and_longer_pauses()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = ScriptedOptions.Modest + " NOTIFY CONDSTORE LIST-EXTENDED LIST-STATUS" });
        server.Inbox.Add("one");
        server.On("NOTIFY", (session, command, _) =>
        {
            session.Say($"{command.Tag} OK done");
            session.Say("* OK [NOTIFICATIONOVERFLOW] there is too much to tell");
            return Task.CompletedTask;
        });
        await gateway.AddWatched(server);
        var seconds = 1;
        for (var asked = 1; asked <= 3; asked++)
        {
            await TestWait.For(() => server.CountOf("NOTIFY") == asked, "the next request");
            await Stands(server, "LIST");
            gateway.WatchTime.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            await Stands(server, "LIST");
            Assert.Equal(asked, server.CountOf("NOTIFY"));
            gateway.WatchTime.Advance(TimeSpan.FromMilliseconds(1));
            seconds *= 2;
        }
    }

    /// <summary>Waits until the server receives no further command of the name, because the clock stands.</summary>
    private static async Task Stands(ScriptedImapServer server, string command)
    {
        var seen = -1;
        await TestWait.For(
            async () =>
            {
                var before = seen;
                seen = server.CountOf(command);
                await Task.Delay(100);
                return before == seen;
            },
            "the end of the commands");
    }
}
