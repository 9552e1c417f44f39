using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using ErrorCode = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Imap;

public class ImapPoolTests
{
    [Fact]
    public async Task A_job_prefers_the_session_that_has_its_mailbox_selected()
    {
        await using var world = new PoolFixture();
        world.Server.AddMailbox("Other");
        var first = world.Hold("INBOX");
        await first.Running;
        var second = world.Hold("Other");
        await second.Running;
        first.Finish.SetResult();
        second.Finish.SetResult();
        await Task.WhenAll(first.Done, second.Done);
        for (var i = 0; i < 5; i++)
        {
            await world.Select("INBOX");
            await world.Select("Other");
        }
        Assert.Equal((2, 2), (world.Server.CountOf("EXAMINE"), world.Server.Connections));
    }

    [Fact]
    public async Task No_more_connections_are_made_than_the_budget_allows_and_all_of_it_is_used()
    {
        await using var world = new PoolFixture(budget: 3);
        var holders = Enumerable.Range(0, 3).Select(_ => world.Hold()).ToList();
        await Task.WhenAll(holders.Select(holder => holder.Running));
        var others = Enumerable.Range(0, 50).Select(_ => world.Select()).ToList();
        Assert.Equal(3, world.Server.Connections);
        holders.ForEach(holder => holder.Finish.SetResult());
        await Task.WhenAll(others);
        Assert.Equal((3, 3), (world.Server.Connections, world.Server.OpenConnections));
    }

    [Fact]
    public async Task Who_waits_is_served_in_order_of_arrival()
    {
        await using var world = new PoolFixture(budget: 1);
        var holder = world.Hold();
        await holder.Running;
        var order = new List<int>();
        var waiting = Enumerable.Range(0, 20)
            .Select(i => world.Pool.RunAsync(null, repeatable: false, session => { order.Add(i); return Task.FromResult(i); }, CancellationToken.None)).ToList();
        holder.Finish.SetResult();
        await Task.WhenAll(waiting);
        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public async Task Waiting_ends_with_busy_and_the_queue_has_an_end()
    {
        await using var world = new PoolFixture(budget: 1);
        var holder = world.Hold();
        await holder.Running;
        var waiting = Enumerable.Range(0, 2000).Select(_ => world.Select()).ToList();
        var turnedDown = await Assert.ThrowsAsync<ProblemException>(() => world.Select());
        Assert.Equal((ErrorCode.AccountBusy, TimeSpan.FromSeconds(1)), (turnedDown.Code, turnedDown.Problem.RetryAfter));
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        world.Time.Advance(TimeSpan.FromSeconds(10));
        foreach (var task in waiting)
        {
            Assert.Equal(ErrorCode.AccountBusy, (await Assert.ThrowsAsync<ProblemException>(() => task)).Code);
        }
        holder.Finish.SetResult();
        await world.Select();
    }

    [Fact]
    public async Task A_session_that_nobody_uses_is_logged_out_after_a_while()
    {
        await using var world = new PoolFixture();
        await world.Select();
        world.Time.Advance(TimeSpan.FromSeconds(61));
        await world.Server.WaitForConnections(made: 1, open: 0);
        Assert.Equal(1, world.Server.CountOf("LOGOUT"));
        await world.Select();
        Assert.Equal(2, world.Server.Connections);
    }

    [Fact]
    public async Task Sessions_that_the_server_has_closed_are_replaced_before_anything_is_sent_on_them()
    {
        await using var world = new PoolFixture();
        var all = Enumerable.Range(0, 4).Select(_ => world.Hold()).ToList();
        await Task.WhenAll(all.Select(one => one.Running));
        all.ForEach(one => one.Finish.SetResult());
        await Task.WhenAll(all.Select(one => one.Done));
        // All four say BYE and go while nobody uses them.
        world.Server.Farewell("* BYE going down");
        await world.Server.WaitForConnections(made: 4, open: 0);
        // Work that must not be done twice is not the one to find out.
        await world.Select(repeatable: false);
        Assert.Equal(5, world.Server.Connections);
    }

    [Fact]
    public async Task Safe_work_is_repeated_once_on_a_new_session_and_other_work_is_not()
    {
        await using var world = new PoolFixture();
        var closing = 1;
        world.Server.On("EXAMINE", (session, _, proceed) =>
        {
            if (closing-- > 0)
            {
                session.Reset();
                return Task.CompletedTask;
            }
            return proceed();
        });
        Assert.Equal("INBOX", await world.Select(repeatable: true));
        Assert.Equal(2, world.Server.CountOf("EXAMINE"));
        closing = 1;
        await world.Pool.RunAsync<bool>(null, false, session => { session.Abort(); return Task.FromResult(true); }, CancellationToken.None);
        Assert.Equal(ErrorCode.AccountUnavailable, (await Assert.ThrowsAsync<ProblemException>(() => world.Select(repeatable: false))).Code);
        Assert.Equal(3, world.Server.CountOf("EXAMINE"));
        closing = 2;
        Assert.Equal(ErrorCode.AccountUnavailable, (await Assert.ThrowsAsync<ProblemException>(() => world.Select(repeatable: true))).Code);
        Assert.Equal(5, world.Server.CountOf("EXAMINE"));
        await world.Select();
    }

    [Fact]
    public async Task A_server_that_falls_silent_costs_its_session_and_those_idle_beside_it()
    {
        await using var world = new PoolFixture();
        var two = new[] { world.Hold(), world.Hold() };
        await Task.WhenAll(two.Select(one => one.Running));
        Array.ForEach(two, one => one.Finish.SetResult());
        await Task.WhenAll(two.Select(one => one.Done));
        world.Server.On("NOOP", (session, _, _) => session.Silence());
        var job = world.Pool.RunAsync(null, repeatable: true, async session => { await session.Client.NoOpAsync(); return true; }, CancellationToken.None);
        await world.Server.Commands.First(command => command.Name == "NOOP");
        await world.PassUntilEnded(TimeSpan.FromSeconds(10), job);
        Assert.Equal(ErrorCode.AccountTimeout, (await Assert.ThrowsAsync<ProblemException>(() => job)).Code);
        await world.Server.WaitForConnections(made: 2, open: 0);
        await world.Select();
    }

    [Fact]
    public async Task A_server_that_drips_and_is_never_done_holds_a_worker_for_four_timeouts_at_most()
    {
        await using var world = new PoolFixture(budget: 1);
        await world.Select();
        var dripped = new Journal<int>();
        var go = new SemaphoreSlim(0);
        world.Server.On("NOOP", async (session, _, _) =>
        {
            for (var i = 0; ; i++)
            {
                session.Say($"* {i} EXISTS");
                await session.Flush();
                dripped.Add(i);
                await go.WaitAsync();
            }
        });
        MailKit.Net.Imap.ImapFolder? folder = null;
        var job = world.Pool.RunAsync("INBOX", repeatable: true, async session =>
        {
            folder = await session.SelectAsync("INBOX");
            await session.Client.NoOpAsync();
            return true;
        }, CancellationToken.None);
        for (var i = 0; i < 8; i++)
        {
            await dripped.First(drop => drop == i);
            await TestWait.For(() => Task.FromResult(folder!.Count == i));
            // Never as long silent as is allowed.
            world.Time.Advance(TimeSpan.FromSeconds(5));
            go.Release();
        }
        Assert.Equal(ErrorCode.AccountTimeout, (await Assert.ThrowsAsync<ProblemException>(() => job)).Code);
        go.Release(100);
        await world.Select();
    }

    [Fact]
    public async Task An_answer_without_end_is_cut_off()
    {
        await using var world = new PoolFixture(budget: 1);
        world.Server.On("NOOP", async (session, _, _) =>
        {
            var line = new byte[1 << 20];
            line.AsSpan().Fill((byte)'a');
            session.Say("* OK");
            while (true)
            {
                session.SayOctets(line);
                await session.Flush();
            }
        });
        var job = world.Pool.RunAsync(null, repeatable: true, async session => { await session.Client.NoOpAsync(); return true; }, CancellationToken.None);
        var flood = await Assert.ThrowsAsync<ProblemException>(() => job);
        Assert.Equal(ErrorCode.AccountProtocol, flood.Code);
        Assert.Equal("failed AccountProtocol", world.Told.Entries[^1]);
        // The server is left in peace for a while, and whoever asks hears why.
        Assert.Equal(flood.Problem.Detail, (await Assert.ThrowsAsync<ProblemException>(() => world.Select())).Problem.Detail);
        Assert.Equal(1, world.Logins);
        world.Time.Advance(TimeSpan.FromSeconds(10));
        await world.Select();
    }

    [Fact]
    public async Task A_caller_who_leaves_leaves_everything_as_it_should_be()
    {
        await using var world = new PoolFixture(budget: 3);
        for (var i = 0; i < 100; i++)
        {
            using var leaving = new CancellationTokenSource();
            var jobs = Enumerable.Range(0, 6).Select(_ => world.Select(cancel: leaving.Token)).ToList();
            if (i % 3 != 0)
            {
                await Task.WhenAny(jobs);
            }
            await leaving.CancelAsync();
            foreach (var job in jobs)
            {
                await job.ContinueWith(ended => Assert.True(ended.IsCompletedSuccessfully || ended.IsCanceled, ended.Exception?.ToString()), TaskScheduler.Default);
            }
        }
        // No place was lost and none counted twice.
        var holders = Enumerable.Range(0, 3).Select(_ => world.Hold()).ToList();
        await Task.WhenAll(holders.Select(holder => holder.Running));
        Assert.Equal(3, world.Server.OpenConnections);
        var fourth = world.Hold();
        Assert.False(fourth.Running.IsCompleted);
        holders.ForEach(holder => holder.Finish.SetResult());
        await fourth.Running;
        fourth.Finish.SetResult();
        await fourth.Done;
        Assert.Equal(3, world.Server.OpenConnections);
    }

    [Fact]
    public async Task A_pool_that_is_closed_logs_out_ends_what_runs_and_turns_down_what_waits()
    {
        await using var world = new PoolFixture(budget: 2);
        var idle = world.Hold();
        await idle.Running;
        world.Server.On("NOOP", (session, _, _) => session.Silence());
        var stuck = world.Pool.RunAsync(null, false, async session => { await session.Client.NoOpAsync(); return true; }, CancellationToken.None);
        await world.Server.Commands.First(command => command.Name == "NOOP");
        var waiting = world.Select();
        await world.Pool.DisposeAsync();
        foreach (var job in new Task[] { stuck, waiting, world.Select() })
        {
            var failure = await Assert.ThrowsAsync<ProblemException>(() => job);
            Assert.Equal((ErrorCode.Unavailable, TimeSpan.FromSeconds(1)), (failure.Code, failure.Problem.RetryAfter));
        }
        idle.Finish.SetResult();
        await idle.Done;
        await world.Server.WaitForConnections(made: 2, open: 0);
    }

    [Fact]
    public async Task A_login_that_ends_after_the_pool_was_closed_leaves_no_connection()
    {
        await using var world = new PoolFixture();
        var answer = new TaskCompletionSource();
        world.Server.On("AUTHENTICATE", async (_, _, proceed) =>
        {
            await answer.Task;
            await proceed();
        });
        var job = world.Select();
        await world.Server.Commands.First(command => command.Name == "AUTHENTICATE");
        await world.Pool.DisposeAsync();
        answer.SetResult();
        Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<ProblemException>(() => job)).Code);
        await world.Server.WaitForConnections(made: 1, open: 0);
    }
}
