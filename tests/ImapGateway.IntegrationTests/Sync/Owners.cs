using System.Collections.Immutable;
using System.Text.Json;
using ImapGateway.Accounts;
using ImapGateway.Background;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Responses;
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
    private readonly PoolFixture _pools;
    private readonly HeaderCache _cache = TestCache.InMemory();
    private readonly List<ImapPool> _claimed = [];
    private readonly ChangeLog _changes;
    private readonly Loops _loops;

    /// <summary>What runs on it takes turns at every await, as in a reentrant grain.</summary>
    private readonly TaskFactory _actor = new(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

    private Owners(ScriptedOptions? options)
    {
        _pools = new PoolFixture(options);
        _loops = new Loops(_pools.Time, NullLogger<Loops>.Instance);
        var file = new SqliteFile(_directory["gateway.db"]);
        using (var connection = file.OpenForWriting())
        {
            using var context = new SqliteGatewayDbContext(new DbContextOptionsBuilder().UseSqlite(connection).Options);
            context.Database.EnsureCreated();
        }
        Database = new SqliteDatabase(file, options => new SqliteGatewayDbContext(options), TimeProvider.System, NullLogger<SqliteDatabase>.Instance);
        Database.Open();
        _changes = new ChangeLog(Database, TimeProvider.System, NullLogger<ChangeLog>.Instance);
    }

    public SqliteDatabase Database { get; }

    /// <summary>Of owners that are claimed from now on; zero, as long as a test is not about moves: what is gone is gone.</summary>
    public TimeSpan MoveWindow { get; set; }

    public ScriptedImapServer Server => _pools.Server;

    public static async Task<Owners> Start(ScriptedOptions? options = null)
    {
        var owners = new Owners(options);
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
        var mailboxes = new AccountMailboxes(writer, pool, headers, Database, new AnswerGuard(), new SyncSettings(MoveWindow, _loops, NullLogger.Instance));
        await mailboxes.LoadAsync(CancellationToken.None);
        return new AccountContext(Account(), mailboxes, pool, headers, _cache.SectionsOf(Incarnation));
    });

    /// <summary>The clock of the account's owner stands still until it is moved; not while the owner reckons how long to wait.</summary>
    public void Pass(TimeSpan time) => _actor.StartNew(() => _pools.Time.Advance(time)).Wait();

    /// <summary>Until the gateway can tell every message of the account from others.</summary>
    public Task Fingerprinted(AccountContext account) =>
        TestWait.For(() => Run(() => Task.FromResult(account.Mailboxes.All.All(mailbox => !mailbox.Index.WithoutFingerprint().Any()))));

    /// <summary>What is told so far, in order: type, subject where it is known, and path.</summary>
    public async Task<IReadOnlyList<string>> Told(AccountContext account)
    {
        var paths = account.Mailboxes.All.ToDictionary(mailbox => mailbox.Counter, mailbox => mailbox.Path);
        var changes = await _changes.ReadAsync(Incarnation, 0, 10_000, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, changes.Count).Select(at => (long)at), changes.Select(change => change.Sequence));
        return [.. changes.Select(change =>
        {
            using var data = JsonDocument.Parse(change.Data);
            using var message = change.Message is { } summary ? JsonDocument.Parse(summary) : null;
            var path = change.FromMailbox == 0 ? Path(change.Mailbox) : $"{Path(change.FromMailbox)}>{Path(change.Mailbox)}";
            return string.Join(' ', new[] { ChangeTypes.Name(change.Type), message?.RootElement.GetProperty("subject").GetString(), path, Extra(data.RootElement) }.Where(word => word is not null));
        })];

        string Path(ulong counter) => paths.GetValueOrDefault(counter, "?");
        static string? Extra(JsonElement data) =>
            data.TryGetProperty("reason", out var reason) ? reason.GetString()
            : data.TryGetProperty("added", out var added) ? $"+{added} -{data.GetProperty("removed")}".Replace("\"", "", StringComparison.Ordinal)
            : null;
    }

    /// <summary>Until this is told; what else is told is a fault.</summary>
    public async Task Tells(AccountContext account, params string[] expected)
    {
        IReadOnlyList<string> told = [];
        try
        {
            await TestWait.For(async () => (told = await Told(account)).Count >= expected.Length);
        }
        catch (OperationCanceledException)
        {
            // Shown below.
        }
        Assert.Equal(expected, told);
    }

    /// <summary>Another client's, as the server shows it: gone here, and new there.</summary>
    public static void Move(ScriptedMailbox from, ScriptedMessage message, ScriptedMailbox to)
    {
        Copy(message, to);
        from.Remove(message);
    }

    public static ScriptedMessage Copy(ScriptedMessage message, ScriptedMailbox to) => to.Add(message.CopyAs);

    public Task<T> Run<T>(Func<Task<T>> work) => _actor.StartNew(work).Unwrap();

    public Task<T> Run<T>(AccountContext account, AccountCommand<T> command) => Run(() => command.RunAsync(account, CancellationToken.None));

    public async Task<T> Run<T>(AccountContext account, AccountCommand<Tagged<T>> command) where T : class => (await Run<Tagged<T>>(account, command)).Demand();

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
        _loops.Dispose();
        await Database.DisposeAsync();
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
