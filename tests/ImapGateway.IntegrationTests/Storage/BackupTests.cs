using System.Net;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>The recipe of docs/backups.md: a client keeps what it was given before the backup and after it, the later changes are lost, and each value still means what it meant or is answered 410.</summary>
[Trait("Category", "judges")]
public class BackupTests
{
    [Theory]
    [InlineData("Sqlite", true)]
    [InlineData("Postgres", false)]
    public async Task What_was_given_before_a_backup_stays_good_after_the_restore_and_what_was_given_later_is_gone(string provider, bool hot)
    {
        await using var site = await RestoreSite.Start(provider == "Sqlite" ? null : await SharedServers.Postgres);
        var first = await site.Deliver("first");
        var before = await site.Keep("first");
        var backup = await site.BackUp(hot);

        await site.Deliver("second");
        await site.Deliver("third");
        (await site.Api.Post(site.Account.Mailboxes, new { path = "Lost" })).Is(HttpStatusCode.Created);
        var lost = await site.Keep("third");
        Assert.Equal(before.Messages["first"], lost.Messages["first"]);
        await site.Remove("second", "third");

        await site.Restore(backup);
        await site.Deliver("fourth");
        await site.IsGood(before, "first");
        await site.IsGone(lost, "second", "third");
        var after = await site.Keep("fourth");
        Assert.Empty(after.Ids.Except(before.Ids).Intersect(lost.Ids));
        await site.Follows(before, lost, ["fourth"]);

        // The same copy once more: the epoch of the first restore is lost now, too.
        await site.Remove("fourth");
        await site.Restore(backup);
        await site.Deliver("fifth");
        await site.IsGood(before, "first");
        await site.IsGone(lost, "second", "third");
        await site.IsGone(after, "fourth");
        await site.Follows(before, after, ["fifth"]);

        // A copy of the restored database, made the other way.
        var later = await site.Keep("fifth");
        backup = await site.BackUp(!hot);
        await site.Deliver("sixth");
        var lostAgain = await site.Keep("sixth");
        await site.Remove("sixth");
        await site.Restore(backup);
        await site.Deliver("seventh");
        await site.IsGood(before, "first");
        await site.IsGood(later, "fifth");
        await site.IsGone(lost, "second", "third");
        await site.IsGone(lostAgain, "sixth");
        await site.Follows(later, lostAgain, ["seventh"]);
        await site.Follows(before, lostAgain, ["fifth", "seventh"]);
        Assert.Equal(first, before.Changes["first"]);
        site.NoWebhookIdHasTwoContents();
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public async Task A_copy_is_private_and_never_written_over(string provider)
    {
        await using var site = await RestoreSite.Start(provider == "Sqlite" ? null : await SharedServers.Postgres);
        await site.Deliver("first");
        var backup = await site.BackUp(hot: true);
        Assert.All(Directory.EnumerateFiles(backup, "*", SearchOption.AllDirectories), file => Assert.Equal("600", Mode(file)));
        Assert.All(Directory.EnumerateDirectories(backup, "*", SearchOption.AllDirectories).Append(backup), folder => Assert.Equal("700", Mode(folder)));

        var again = await site.Gateway.Run("storage", "backup", backup);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("exists already", again.Output, StringComparison.Ordinal);
        var occupied = await site.Gateway.Run("storage", "restore", backup);
        Assert.Equal(1, occupied.ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(backup)!, "*partial*"));
        await site.IsGood(await site.Keep("first"), "first");
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public async Task A_full_disk_leaves_no_copy_and_is_one_line(string provider)
    {
        await using var site = await RestoreSite.Start(provider == "Sqlite" ? null : await SharedServers.Postgres);
        using var disk = new TemporaryDirectory();
        var (exitCode, output) = await site.Gateway.RunOnSmallDisk(disk.Path, 12, "storage", "backup", disk["copy"]);
        Assert.Equal(1, exitCode);
        Assert.Equal(["left: ."], output.Split('\n')[1..]);
        Assert.Contains("The backup was not made: ", output, StringComparison.Ordinal);
    }

    /// <summary>The database is replaced by a copy that does not know it is one.</summary>
    [Theory]
    [InlineData("Sqlite", false)]
    [InlineData("Sqlite", true)]
    [InlineData("Postgres", false)]
    [InlineData("Postgres", true)]
    public async Task A_restore_by_other_means_is_noticed_where_the_data_directory_is_kept_and_else_the_operator_says_it(string provider, bool loseDataDirectory)
    {
        await using var site = await RestoreSite.Start(provider == "Sqlite" ? null : await SharedServers.Postgres);
        await site.Deliver("first");
        var before = await site.Keep("first");
        var copy = await site.CopyByHand();
        await site.Deliver("second");
        var lost = await site.Keep("second");
        await site.Remove("second");
        await site.RestoreByHand(copy, loseDataDirectory);
        await site.Deliver("third");
        await site.IsGood(before, "first");
        await site.IsGone(lost, "second");
        await site.Follows(before, lost, ["third"]);
        site.NoWebhookIdHasTwoContents();
    }

    private static string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);
}
