using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>A PostgreSQL server that was recovered or replaced by its own means, and so lacks the last commits: the gateway notices by the timeline, whatever its data directory has.</summary>
[Trait("Category", "judges")]
public class PostgresRecoveryTests
{
    [Fact]
    public async Task After_a_point_in_time_recovery_what_was_given_later_is_gone()
    {
        await using var server = await PostgresServer.Start();
        await using var site = await RestoreSite.Start(server);
        await using var backup = await server.BaseBackup(asStandby: false);
        await site.Deliver("first");
        var before = await site.Keep("first");
        await server.Execute("SELECT pg_create_restore_point('before')");
        await site.Deliver("second");
        var lost = await site.Keep("second");
        await site.Remove("second");
        await site.Gateway.Kill();
        await server.Stop();

        backup.Port = server.Port;
        await backup.Recover(server, "before");
        await site.ResumeRestored();
        await IsRestored(site, before, lost);
    }

    /// <summary>The gateway runs all the time, and remembers more than the new server has.</summary>
    [Fact]
    public async Task A_standby_that_takes_over_without_the_last_commits_ends_the_gateway_and_the_next_start_finds_what_is_gone()
    {
        await using var server = await PostgresServer.Start();
        await using var site = await RestoreSite.Start(server);
        await using var standby = await server.BaseBackup(asStandby: true);
        await standby.Resume();
        await site.Deliver("first");
        var before = await site.Keep("first");
        var reached = await server.Execute("SELECT pg_current_wal_lsn()::text");
        await TestWait.For(async () => await standby.Execute($"SELECT pg_last_wal_replay_lsn() >= '{reached}'") is true);
        await standby.Stop();
        await site.Deliver("second");
        var lost = await site.Keep("second");
        await site.Remove("second");
        await server.Kill();

        await standby.TakePlaceOf(server);
        Assert.Equal(3, await site.Gateway.Ended());
        Assert.Contains(site.Gateway.Output.Entries, line => line.Contains("another server has taken over the database", StringComparison.Ordinal));
        await site.ResumeRestored();
        await IsRestored(site, before, lost);
    }

    private static async Task IsRestored(RestoreSite site, Kept before, Kept lost)
    {
        await site.Deliver("third");
        await site.IsGood(before, "first");
        await site.IsGone(lost, "second");
        await site.Follows(before, lost, ["third"]);
        site.NoWebhookIdHasTwoContents();
    }
}
