using System.Collections.Immutable;
using System.Text;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImapGateway.IntegrationTests.Storage;

public sealed class SqliteChangeLogTests : ChangeLogTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Sqlite();
}

public sealed class PostgresChangeLogTests : ChangeLogTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Postgres();
}

/// <summary>The log of changes, as owners write it and readers read it.</summary>
public abstract class ChangeLogTests : StoreSuite
{
    private const string Incarnation = "abcdefgh";

    [Fact]
    public async Task Changes_get_sequences_without_a_gap_and_are_read_in_their_order()
    {
        var (writer, log) = await Open();
        await writer.WriteAsync(1, Removals(1, 3), NoState, default);
        await writer.WriteAsync(1, [], NoState, default);
        await writer.WriteAsync(1, Removals(4, 4500), NoState, default);
        var read = await log.ReadAsync(Incarnation, 0, 10_000, default);
        Assert.Equal(Enumerable.Range(1, 4503).Select(n => (long)n), read.Select(change => change.Sequence));
        Assert.Equal(Enumerable.Range(1, 4503).Select(n => $"{{\"id\":\"m_{n}\",\"mailboxId\":\"b_1\"}}"), read.Select(change => Encoding.UTF8.GetString(change.Data)));
        Assert.Equal(read.Select(change => change.Position), (await log.ReadAllAsync(default, 10_000, default)).Select(change => change.Position));
        Assert.Equal(new LogRange(1, 4503), await log.RangeAsync(Incarnation, default));
        Assert.Equal(4503, writer.Counters.Sequence);
    }

    [Fact]
    public async Task A_change_comes_back_with_all_its_members()
    {
        var (writer, log) = await Open();
        await writer.WriteAsync(
            1,
            [
                new MessageFlagsChanged("m_1", "b_2", ["$seen"], [], Flags.Of("$seen", "größe")) { At = new ChangePlace(2, Role.Inbox) },
                new MessageMoved("m_1", "b_3", "b_2", Flags.None) { At = new ChangePlace(3, null), From = new ChangePlace(2, Role.Inbox) },
                new AccountChanged(ChangeType.AccountUnavailable, "account.timeout", null),
            ],
            NoState,
            default);
        var read = await log.ReadAsync(Incarnation, 0, 10, default);
        Assert.Equal((2ul, Role.Inbox, 0ul, null), (read[0].Mailbox, read[0].Role, read[0].FromMailbox, read[0].FromRole));
        Assert.Equal((3ul, null, 2ul, Role.Inbox), (read[1].Mailbox, read[1].Role, read[1].FromMailbox, read[1].FromRole));
        var text = Encoding.UTF8.GetString(ChangeJson.ToBytes(read[0], ChangeView.Full));
        Assert.StartsWith($"{{\"id\":\"{read[0].Id}\",\"type\":\"message.flags_changed\",\"timestamp\":\"", text, StringComparison.Ordinal);
        Assert.EndsWith(
            "\"account\":\"anna\",\"metadata\":{\"a\":\"b\"},\"sequence\":\"1\",\"data\":{\"id\":\"m_1\",\"mailboxId\":\"b_2\",\"added\":[\"$seen\"],\"removed\":[],\"flags\":[\"$seen\",\"größe\"]}}",
            text,
            StringComparison.Ordinal);
        Assert.Equal("{\"reason\":\"account.timeout\"}", Encoding.UTF8.GetString(read[2].Data));
    }

    [Fact]
    public async Task State_that_cannot_be_written_takes_its_changes_along()
    {
        var (writer, log) = await Open();
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.WriteAsync(1, Removals(1, 2), (_, _) => throw new InvalidOperationException(), default));
        Assert.Empty(await log.ReadAsync(Incarnation, 0, 10, default));
        await writer.WriteAsync(1, Removals(1, 1), NoState, default);
        Assert.Equal([1L], (await log.ReadAsync(Incarnation, 0, 10, default)).Select(change => change.Sequence));
    }

    [Fact]
    public async Task A_stale_owner_can_write_no_change()
    {
        var (stale, log) = await Open();
        var (owner, _) = await Open();
        await Assert.ThrowsAsync<LostOwnershipException>(() => stale.WriteAsync(1, Removals(1, 1), NoState, default));
        await owner.WriteAsync(1, Removals(2, 1), NoState, default);
        await Assert.ThrowsAsync<LostOwnershipException>(() => stale.WriteAsync(1, Removals(3, 1), NoState, default));
        Assert.Equal("{\"id\":\"m_2\",\"mailboxId\":\"b_1\"}", Encoding.UTF8.GetString(Assert.Single(await log.ReadAsync(Incarnation, 0, 10, default)).Data));
    }

    [Fact]
    public async Task Who_waits_is_woken_by_the_commit()
    {
        var (writer, log) = await Open();
        var waiting = (log.WaitAsync(Incarnation, 0, default), log.WaitAllAsync(default, default));
        await writer.WriteAsync(1, Removals(1, 1), NoState, default);
        await waiting.Item1.WaitAsync(Patience);
        await waiting.Item2.WaitAsync(Patience);
    }

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly Func<GatewayDbContext, CancellationToken, Task> NoState = (_, _) => Task.CompletedTask;

    private static List<Change> Removals(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(n => new MessageRemoved($"m_{n}", "b_1") { At = new ChangePlace(1, null) })];

    private async Task<(AccountWriter Writer, ChangeLog Log)> Open()
    {
        var (owner, counters) = await Database.WriteAsync(
            async (db, cancel) =>
            {
                if (!await db.Set<FenceEntity>().AnyAsync(cancel))
                {
                    db.Add(new FenceEntity { Incarnation = Incarnation });
                    await db.SaveChangesAsync(cancel);
                }
                return await Fence.ClaimAsync(db, Incarnation, cancel);
            },
            default);
        var log = new ChangeLog(Database, TimeProvider.System, NullLogger<ChangeLog>.Instance);
        var notes = ImmutableDictionary<string, string>.Empty.Add("a", "b");
        return (new AccountWriter(Database, log, owner, "anna", counters, () => notes, TimeProvider.System), log);
    }
}
