using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Storage.Sqlite;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>
/// An account's state in a real database, at a scripted server, without the grain around it: owners can be as many as a test wants, and two requests
/// meet exactly where it wants.
/// </summary>
public sealed class Owners : IAsyncDisposable
{
    private const string Incarnation = "abcdefgh";

    private readonly TemporaryDirectory _directory = new();
    private readonly PoolFixture _pools = new();
    private readonly HeaderCache _cache = new(TimeProvider.System);
    private readonly List<ImapPool> _claimed = [];
    private readonly ChangeLog _changes;

    /// <summary>What runs on it takes turns at every await, as in a reentrant grain.</summary>
    private readonly TaskFactory _actor = new(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

    private Owners()
    {
        var file = new SqliteFile(_directory["gateway.db"]);
        using (var connection = file.OpenForWriting())
        {
            using var context = new SqliteGatewayDbContext(new DbContextOptionsBuilder().UseSqlite(connection).Options);
            context.Database.EnsureCreated();
        }
        Database = new SqliteDatabase(file, options => new SqliteGatewayDbContext(options), TimeProvider.System, NullLogger<SqliteDatabase>.Instance);
        Database.Open();
        _changes = new ChangeLog(Database, TimeProvider.System);
    }

    public SqliteDatabase Database { get; }

    /// <summary>Of owners that are claimed from now on; zero, as long as a test is not about moves: what is gone is gone.</summary>
    public TimeSpan MoveWindow { get; set; }

    public ScriptedImapServer Server => _pools.Server;

    public static async Task<Owners> Start()
    {
        var owners = new Owners();
        await owners.Database.WriteAsync(
            (db, _) =>
            {
                db.Add(new FenceEntity { Incarnation = Incarnation });
                return Task.FromResult(true);
            },
            CancellationToken.None);
        return owners;
    }

    /// <summary>A new owner: reads what is stored, and from now on the ones before it may write no more.</summary>
    public Task<AccountContext> Claim() => Run(async () =>
    {
        var (owner, counters) = await Database.WriteAsync((db, token) => Fence.ClaimAsync(db, Incarnation, token), CancellationToken.None);
        var pool = _pools.NewPool(4);
        _claimed.Add(pool);
        var writer = new AccountWriter(Database, _changes, owner, "anna", counters, () => ImmutableDictionary<string, string>.Empty, TimeProvider.System);
        var headers = new HeaderReader(_cache, pool, Incarnation);
        var mailboxes = new AccountMailboxes(writer, pool, headers, Database, MoveWindow, NullLogger.Instance);
        await mailboxes.LoadAsync(CancellationToken.None);
        return new AccountContext(Account(), mailboxes, pool, headers);
    });

    public Task<T> Run<T>(Func<Task<T>> work) => _actor.StartNew(work).Unwrap();

    public Task<T> Run<T>(AccountContext account, AccountCommand<T> command) => Run(() => command.RunAsync(account, CancellationToken.None));

    /// <summary>All that was given to the actor before has got as far as it can without waiting.</summary>
    public Task Begun() => _actor.StartNew(() => { });

    /// <summary>From now on a command of this kind, once, is done by the server and its answer kept until the result is released.</summary>
    public (Task Reached, TaskCompletionSource Release) Hold(string command)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Server.On(command, async (_, _, proceed) =>
        {
            await proceed();
            if (reached.TrySetResult())
            {
                await release.Task;
            }
        });
        return (reached.Task.WaitAsync(Journal<string>.Patience), release);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pool in _claimed)
        {
            await pool.DisposeAsync();
        }
        await _pools.DisposeAsync();
        await Database.DisposeAsync();
        _cache.Dispose();
        _directory.Dispose();
    }

    private static Account Account() => new()
    {
        Id = "anna",
        Name = "Anna",
        Email = "anna@example.com",
        Metadata = ImmutableDictionary<string, string>.Empty,
        Watch = WatchScope.None,
        State = AccountState.Connected,
        Imap = new AccountServer(ScriptedImapServer.Host, 143, Security.None, "anna", false),
        CreatedAt = DateTimeOffset.UnixEpoch,
        Capabilities = [],
        FeedPosition = FeedPosition.OfAccount("abcdefgh", 0),
    };
}
