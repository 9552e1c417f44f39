using System.Globalization;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync.Watching;
using Microsoft.Data.Sqlite;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>The first look at a mailbox that is larger than one step of its index.</summary>
public class FirstIndexTests
{
    private const int Many = 5_500;

    private static byte[] Message(int i) => ScriptedMessage.Text($"m{i + 1}");

    [Theory]
    [Trait("Category", "long")]
    [InlineData(DovecotProfile.Full, "UID SEARCH")]
    [InlineData(DovecotProfile.Full, "UID FETCH")]
    [InlineData(DovecotProfile.Plain, "FETCH")]
    public async Task Killed_in_the_middle_it_loses_nothing_and_gives_each_message_one_id(DovecotProfile profile, string moment)
    {
        await using var world = await World.OfItsOwn(new DovecotOptions { Profile = profile });
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Dovecot.Seed(world.User, Many, Message);
        var account = await world.AddAccount(tap.Port);
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var seen = 0;
        tap.OnCommand = async line =>
        {
            // Not the first of them: in the middle of what takes several.
            if (line.Command == moment && Interlocked.Increment(ref seen) == (moment is "FETCH" or "UID SEARCH" ? 2 : 1))
            {
                await world.Gateway.Kill();
                killed.SetResult();
            }
            return TapAction.Pass;
        };
        await Record.ExceptionAsync(() => account.Api.Get(account.Messages("inbox")));
        await killed.Task.WaitAsync(Journal<TapLine>.Patience);
        await world.Gateway.Resume();
        tap.OnCommand = null;

        var all = await account.Pages("?limit=500&fields=uid,subject");
        Assert.Equal(Enumerable.Range(1, Many).OrderDescending(), all.Select(message => (int)message.Uid()));
        Assert.Equal(Many, all.Select(message => message.Id()).Distinct().Count());
        await world.Gateway.Restart();
        Assert.Equal(all.Select(message => message.Id()), (await account.Pages("?limit=500&fields=id")).Select(message => message.Id()));
    }

    [Fact]
    [Trait("Category", "long")]
    public async Task A_hundred_thousand_messages_take_little_memory_and_disk()
    {
        const int Count = 100_000;
        await using var world = await World.OfItsOwn(new DovecotOptions());
        await world.Dovecot.Seed(world.User, Count / 2, Message, flags: @"\Seen");
        await world.Dovecot.Seed(world.User, Count / 2, Message, flags: "$Forwarded");
        var account = await world.AddAccount();
        await account.Items(account.Mailboxes);
        var before = world.Gateway.ResidentBytes;
        Assert.Equal(50, (await account.Items(account.Messages("inbox"))).Count);
        var grown = world.Gateway.ResidentBytes - before;
        Assert.Equal(Count / 2, await Total(account));
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        var filled = world.Gateway.ResidentBytes - before;
        await world.Gateway.Stop();

        var pages = Scalar(world, "SELECT SUM(LENGTH(Data)) FROM index_page");
        Assert.Equal(Count, Scalar(world, "SELECT SUM(Messages) FROM mailbox"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{pages:N0} bytes of pages, the process grew by {grown >> 20} MB, with fingerprints by {filled >> 20} MB");
        // The same bytes in memory and on disk, with fingerprints.
        Assert.InRange(pages, 800_000, 1_500_000);
        Assert.InRange(grown, 0, 100L << 20);
        Assert.InRange(filled, 0, 150L << 20);
    }

    private static async Task<int> Total(ApiAccount account) =>
        (await account.Items(account.Mailboxes)).Single(mailbox => mailbox.GetProperty("role").GetString() == "inbox").GetProperty("unseen").GetInt32();

    private static long Scalar(World world, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(world.Gateway.DataDirectory, "gateway.db"), Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
