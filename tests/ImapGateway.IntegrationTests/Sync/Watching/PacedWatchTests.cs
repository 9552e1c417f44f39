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
}
