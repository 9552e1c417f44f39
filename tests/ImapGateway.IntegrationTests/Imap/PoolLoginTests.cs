using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Mail;
using ErrorCode = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Logins of a pool: refused ones, limits of the server, and what is said at login.</summary>
public class PoolLoginTests
{
    [Fact]
    public async Task A_limit_of_the_server_shrinks_the_budget_until_it_has_been_tried_again()
    {
        await using var world = new PoolFixture(new() { MaxConnections = 2 });
        var two = new[] { world.Hold(), world.Hold() };
        await Task.WhenAll(two.Select(one => one.Running));
        var waiting = Enumerable.Range(0, 10).Select(_ => world.Select()).ToList();
        await world.Told.First(told => told == "shrunk 2");
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        Array.ForEach(two, one => one.Finish.SetResult());
        await Task.WhenAll(waiting);
        Assert.Equal(2, world.Pool.Limit);
        var logins = world.Logins;

        // Nobody tries in vain while the limit is believed.
        two = [world.Hold(), world.Hold()];
        await Task.WhenAll(two.Select(one => one.Running));
        var third = world.Hold();
        Assert.False(third.Running.IsCompleted);
        Array.ForEach(two, one => one.Finish.SetResult());
        await third.Running;
        third.Finish.SetResult();
        Assert.Equal(logins, world.Logins);

        world.Server.Options = world.Server.Options with { MaxConnections = 100 };
        world.Time.Advance(TimeSpan.FromMinutes(5));
        var three = Enumerable.Range(0, 3).Select(_ => world.Hold()).ToList();
        await Task.WhenAll(three.Select(one => one.Running));
        await world.Told.First(told => told == "grown");
        three.ForEach(one => one.Finish.SetResult());
        await Task.WhenAll(three.Select(one => one.Done));
        Assert.Equal(3, world.Pool.Limit);
    }

    [Fact]
    public async Task A_limit_with_no_session_left_is_told_to_the_caller_and_the_owner()
    {
        await using var world = new PoolFixture(new() { MaxConnections = 0 });
        var failure = await Assert.ThrowsAsync<ProblemException>(() => world.Select());
        Assert.Equal((ErrorCode.AccountLimit, "LIMIT"), (failure.Code, failure.Problem.Upstream?.Code));
        Assert.True(failure.Problem.RetryAfter > TimeSpan.Zero);
        Assert.Equal(["failed AccountLimit"], world.Told.Entries);
        world.Server.Options = world.Server.Options with { MaxConnections = 1 };
        world.Time.Advance(TimeSpan.FromMinutes(1));
        await world.Select();
    }

    [Fact]
    public async Task A_wrong_password_is_tried_once_however_many_wait_and_never_again()
    {
        await using var world = new PoolFixture();
        var pool = world.NewPool(4, "wrong");
        var jobs = Enumerable.Range(0, 50).Select(_ => PoolFixture.Select(pool)).ToList();
        foreach (var job in jobs)
        {
            var failure = await Assert.ThrowsAsync<ProblemException>(() => job);
            Assert.Equal((ErrorCode.AccountAuthFailed, "wrong user name or password"), (failure.Code, failure.Problem.Upstream?.Text));
        }
        world.Time.Advance(TimeSpan.FromDays(300));
        await Assert.ThrowsAsync<ProblemException>(() => PoolFixture.Select(pool));
        Assert.Equal((1, 1), (world.Logins, world.Server.Connections));
        Assert.Equal(["failed AccountAuthFailed"], world.Told.Entries);
    }

    [Fact]
    public async Task What_was_refused_before_the_gateway_started_is_not_tried_either()
    {
        await using var world = new PoolFixture();
        var pool = world.NewPool(4, refused: new Problem(ErrorCode.AccountAuthFailed, "no", Upstream: new Upstream("AUTHENTICATIONFAILED", "no")));
        await Assert.ThrowsAsync<ProblemException>(() => PoolFixture.Select(pool));
        Assert.Equal(0, world.Server.Connections);
    }

    [Fact]
    public async Task After_a_failure_the_server_is_left_alone_for_a_moment_and_then_tried_again()
    {
        await using var world = new PoolFixture(new() { LoginAnswer = "NO [UNAVAILABLE] later" });
        await Assert.ThrowsAsync<ProblemException>(() => world.Select());
        var again = await Assert.ThrowsAsync<ProblemException>(() => world.Select());
        Assert.Equal((ErrorCode.AccountUnavailable, 1), (again.Code, world.Logins));
        Assert.InRange(again.Problem.RetryAfter!.Value, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1));
        world.Server.Options = world.Server.Options with { LoginAnswer = null };
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await world.Select();
        Assert.Equal(["failed AccountUnavailable", "connected"], world.Told.Entries);
    }

    [Fact]
    public async Task The_gateway_says_who_it_is()
    {
        await using var world = new PoolFixture();
        await world.Select();
        Assert.Contains("ImapGateway", (await world.Server.Commands.First(command => command.Name == "ID")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Courtesies_that_are_advertised_and_refused_do_not_stop_a_login()
    {
        await using var world = new PoolFixture(new() { Capabilities = ScriptedOptions.Modest + " ENABLE CONDSTORE QRESYNC" });
        world.Server.AddMailbox("Other");
        foreach (var command in new[] { "ID", "ENABLE", "NAMESPACE" })
        {
            world.Server.On(command, (session, sent, _) =>
            {
                session.Say($"{sent.Tag} NO not today");
                return Task.CompletedTask;
            });
        }
        var listed = await world.Pool.RunAsync(null, true, session => MailboxListing.AllAsync(session, new ListingLimit.Known(0, _ => false, _ => false)), CancellationToken.None);
        Assert.Equal(["INBOX", "Other"], listed.Mailboxes.Select(mailbox => mailbox.Path));
        var capabilities = await world.Pool.RunAsync(null, true, session => Task.FromResult(session.Capabilities), CancellationToken.None);
        Assert.False(capabilities.HasFlag(MailKit.Net.Imap.ImapCapabilities.QuickResync));
        Assert.Equal((1, 1, 1), (world.Server.CountOf("ID"), world.Server.CountOf("ENABLE"), world.Server.CountOf("NAMESPACE")));
    }

    /// <summary>Servers and proxies say the same while their directory of users is away as of a wrong password.</summary>
    [Fact]
    public async Task A_vague_refusal_of_credentials_that_have_worked_is_tried_again_before_it_counts()
    {
        await using var fixture = new PoolFixture();
        await PoolFixture.Select(fixture.Pool);
        fixture.Server.Options = fixture.Server.Options with { LoginAnswer = "NO LOGIN failed" };
        fixture.Server.Farewell("* BYE restart");
        await fixture.Server.WaitForConnections(1, 0);
        var began = fixture.Time.GetUtcNow();
        for (var refusals = 1; refusals <= Backoff.MostVague; refusals++)
        {
            var refused = await Assert.ThrowsAsync<ProblemException>(() => PoolFixture.Select(fixture.Pool));
            Assert.Equal((ErrorCode.AccountUnavailable, "LOGIN failed"), (refused.Code, refused.Problem.Upstream?.Text));
            Assert.Equal(1 + refusals, fixture.Logins);
            // Before its time no login is tried.
            await Assert.ThrowsAsync<ProblemException>(() => PoolFixture.Select(fixture.Pool));
            Assert.Equal(1 + refusals, fixture.Logins);
            fixture.Time.Advance(refused.Problem.RetryAfter!.Value);
        }
        Assert.True(fixture.Time.GetUtcNow() - began <= TimeSpan.FromMinutes(1));
        Assert.Equal(ErrorCode.AccountAuthFailed, (await Assert.ThrowsAsync<ProblemException>(() => PoolFixture.Select(fixture.Pool))).Code);
        Assert.Equal(["connected", .. Enumerable.Repeat("failed AccountUnavailable", Backoff.MostVague), "failed AccountAuthFailed"], fixture.Told.Entries);
    }

    [Theory]
    [InlineData("NO [AUTHENTICATIONFAILED] LOGIN failed")]
    [InlineData("NO Wrong password")]
    public async Task A_refusal_that_speaks_of_the_credentials_is_not_tried_again_at_once(string answer)
    {
        await using var fixture = new PoolFixture();
        await PoolFixture.Select(fixture.Pool);
        fixture.Server.Options = fixture.Server.Options with { LoginAnswer = answer };
        fixture.Server.Farewell("* BYE restart");
        await fixture.Server.WaitForConnections(1, 0);
        Assert.Equal(ErrorCode.AccountAuthFailed, (await Assert.ThrowsAsync<ProblemException>(() => PoolFixture.Select(fixture.Pool))).Code);
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<ProblemException>(() => PoolFixture.Select(fixture.Pool));
        Assert.Equal(2, fixture.Logins);
    }
}
