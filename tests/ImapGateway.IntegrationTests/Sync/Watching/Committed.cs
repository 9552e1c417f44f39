using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Storage.Sqlite;
using ImapGateway.Sync;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>
/// What the gateway has committed of an account, read from its database file: a request for a list would look at the mail server itself, and so prove nothing of the watcher.
/// </summary>
public sealed record Committed(GatewayProcess Gateway, string Account)
{
    /// <summary>uid[flags] of a mailbox, newest first; null where the mailbox is not known.</summary>
    public async Task<string?> Shown(string path = "INBOX")
    {
        await using var db = Open();
        var incarnation = await Incarnation(db);
        var mailbox = (await MailboxStore.LoadAsync(db, incarnation, 0, default)).Find(one => one.Mailbox.Path == path).Mailbox;
        return mailbox is null ? null : string.Join(' ', mailbox.Index.Descending().Select(row => $"{row.Uid}[{string.Join(' ', row.Flags)}]"));
    }

    /// <summary>Until the mailbox is committed as it should be.</summary>
    public async Task Becomes(string? shown, string path = "INBOX")
    {
        string? last = null;
        try
        {
            await TestWait.For(async () => (last = await Shown(path)) == shown);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{path} is \"{last}\", not \"{shown}\".");
        }
    }

    /// <summary>Until the gateway can tell every message of the account from others.</summary>
    public Task Fingerprinted() => TestWait.For(async () =>
    {
        await using var db = Open();
        return (await MailboxStore.LoadAsync(db, await Incarnation(db), 0, default)).All(one => !one.Mailbox.Index.WithoutFingerprint().Any());
    });

    /// <summary>What the log tells of the account itself, in order.</summary>
    public async Task<IReadOnlyList<string>> Told()
    {
        await using var db = Open();
        var incarnation = await Incarnation(db);
        var types = await db.Set<ChangeEntity>().Where(row => row.Incarnation == incarnation).OrderBy(row => row.Sequence).Select(row => row.Type).ToListAsync();
        return [.. types.Select(ChangeTypes.Name).Where(name => name.StartsWith("account.", StringComparison.Ordinal))];
    }

    public async Task Tells(params string[] told)
    {
        IReadOnlyList<string> last = [];
        try
        {
            await TestWait.For(async () => (last = await Told()).SequenceEqual(told));
        }
        catch (OperationCanceledException)
        {
            Assert.Equal(told, last);
        }
    }

    private Task<string> Incarnation(SqliteGatewayDbContext db) => db.Set<AccountEntity>().Where(row => row.Id == Account && row.RemovedAt == null).Select(row => row.Incarnation).SingleAsync();

    private SqliteGatewayDbContext Open()
    {
        var connection = new SqliteFile(Path.Combine(Gateway.DataDirectory, "gateway.db")).OpenForReading();
        return new SqliteGatewayDbContext(new DbContextOptionsBuilder().UseSqlite(connection, contextOwnsConnection: true).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options);
    }
}
