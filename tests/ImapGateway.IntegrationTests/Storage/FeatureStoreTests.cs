using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Keys;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using ErrorCode = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Storage;

public sealed class SqliteFeatureStoreTests : FeatureStoreTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Sqlite();
}

public sealed class PostgresFeatureStoreTests : FeatureStoreTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Postgres();
}

/// <summary>What the features ask of the database, in the words they ask it.</summary>
public abstract class FeatureStoreTests : StoreSuite
{
    private static readonly Caller Admin = new(null, Scope.Admin, null);

    private AccountStore Accounts => new(Database, new ChangeLog(Database, TimeProvider.System, NullLogger<ChangeLog>.Instance), new StoreEpoch { Value = 0 }, TimeProvider.System);

    private KeyStore Keys => new(Database, new KeyLookup(Database, TimeProvider.System), TimeProvider.System);

    private static AccountEntity Account(string id, params (string Key, string Value)[] metadata) => new()
    {
        Incarnation = ObjectId.NewIncarnation(),
        Id = id,
        Name = "Größe \U0001F600",
        Email = $"{id}@example.com",
        Metadata = [.. metadata.Select(pair => new AccountMetadataEntity { Key = pair.Key, Value = pair.Value })],
        Imap = new AccountServer("imap.example.com", 993, Security.Tls, "user", false),
        ImapCredentialKind = CredentialKind.Password,
        ImapSecret = "secret",
        Watch = WatchScope.None,
        State = AccountState.Connected,
        LastError = new AccountError("account.limit", "too many", new Upstream("LIMIT", "no\0thing"), DateTimeOffset.UnixEpoch),
        Capabilities = ["IMAP4REV1", "IDLE"],
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private Task<List<string>> List(string? email = null, ImmutableHashSet<string>? visible = null, string? after = null, params (string Key, string Value)[] metadata) => Ids(Accounts.ListAsync(
        email, metadata.ToDictionary(pair => pair.Key, pair => pair.Value), visible, after, 10, default));

    private static async Task<List<string>> Ids(Task<List<AccountEntity>> accounts) => [.. (await accounts).Select(account => account.Id)];

    /// <summary>Deleted by somebody while its lanes were about to be added: else the key to it fails, and whoever adds them.</summary>
    [Fact]
    public async Task No_lanes_are_added_to_an_endpoint_that_has_gone()
    {
        await Accounts.AddAsync(Account("a"), default);
        var gone = new WebhookEntity
        {
            Id = "wh_gone",
            Url = "https://example.com",
            Description = null,
            Types = ["*"],
            Accounts = null,
            Mailboxes = null,
            Roles = null,
            Format = WebhookFormat.Standard,
            Order = WebhookOrder.Account,
            IncludeBody = false,
            HeaderNames = [],
            HeaderSecret = null,
            Secret = "",
            KeyId = null,
            GrantedScopes = Scope.Admin,
            GrantedAccounts = null,
            CreatedAt = DateTimeOffset.UnixEpoch,
            FollowsSince = DateTimeOffset.UnixEpoch,
        };
        Assert.Equal(0, await new LaneStore(Database).AddMissingAsync(gone, accounts: null, CancellationToken.None));
    }

    [Fact]
    public async Task Accounts_come_back_as_they_were_and_are_found_by_all_that_is_offered()
    {
        await Accounts.AddAsync(Account("b", ("team", "a\0b"), ("plan", "x")), default);
        await Accounts.AddAsync(Account("B", ("team", "blue")), default);
        await Accounts.AddAsync(Account("_a"), default);
        await Store.Reopen();

        var stored = (await Accounts.FindAsync("b", default))!.ToAccount();
        var given = Account("b", ("team", "a\0b"), ("plan", "x")).ToAccount();
        Assert.Equal(given with { Metadata = stored.Metadata, Capabilities = stored.Capabilities, FeedPosition = stored.FeedPosition }, stored);
        Assert.Equal(given.Metadata.OrderBy(pair => pair.Key), stored.Metadata.OrderBy(pair => pair.Key));
        Assert.Equal(given.Capabilities, stored.Capabilities);

        Assert.Equal(["B", "_a", "b"], await List());
        Assert.Equal(["_a", "b"], await List(after: "B"));
        Assert.Equal(["B"], await List(email: "B@example.com"));
        Assert.Equal(["b"], await List(metadata: [("team", "a\0b"), ("plan", "x")]));
        Assert.Equal(["_a", "b"], await List(visible: ["b", "_a", "other"]));
    }

    [Fact]
    public async Task An_id_is_taken_once_however_many_want_it_and_again_after_a_removal()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Outcome(() => Accounts.AddAsync(Account("one"), default)))));
        Assert.Equal([null, .. Enumerable.Repeat<ErrorCode?>(ErrorCode.Conflict, 7)], outcomes.Order());
        await Accounts.RemoveAsync("one", Conditions.None, default);
        await Accounts.AddAsync(Account("one"), default);
        Assert.Equal(["one"], await List());
    }

    [Fact]
    public async Task A_change_that_meets_a_removal_does_not_bring_the_secret_back()
    {
        for (var round = 0; round < 15; round++)
        {
            var id = $"a{round}";
            await Accounts.AddAsync(Account(id), default);
            var outcomes = await Task.WhenAll(
                Task.Run(() => Outcome(() => Accounts.ChangeAsync(id, account => account.ImapSecret = "new secret", default))),
                Task.Run(() => Outcome(() => Accounts.RemoveAsync(id, Conditions.None, default))));
            Assert.Null(outcomes[1]);
            Assert.True(outcomes[0] is null or ErrorCode.NotFound, $"{outcomes[0]}");
        }
        var secrets = await Database.ReadAsync((db, cancel) => db.Set<AccountEntity>().Select(account => account.ImapSecret).Distinct().ToListAsync(cancel), default);
        Assert.Equal([""], secrets);
        Assert.Equal(0, await Database.ReadAsync((db, cancel) => db.Set<FenceEntity>().CountAsync(cancel), default));
    }

    [Fact]
    public async Task The_state_an_account_had_last_is_the_one_that_is_kept()
    {
        var entity = Account("one");
        await Accounts.AddAsync(entity, default);
        using var loops = new Loops(TimeProvider.System, NullLogger<Loops>.Instance);
        var (owner, counters) = await Database.WriteAsync((db, token) => Fence.ClaimAsync(db, entity.Incarnation, token), default);
        var log = new ChangeLog(Database, TimeProvider.System, NullLogger<ChangeLog>.Instance);
        var writer = new AccountWriter(Database, log, owner, "one", counters, () => ImmutableDictionary<string, string>.Empty, TimeProvider.System);
        var status = new AccountStatus(entity, loops, NullLogger.Instance)
        {
            Commit = (changes, state, cancel) => writer.WriteAsync(writer.Counters.NextCounter, changes, state, cancel),
        };
        for (var round = 0; round < 20; round++)
        {
            // None is waited for: sessions log in side by side.
            await Task.WhenAll(
                status.LoginFailedAsync(new Problem(ErrorCode.AccountAuthFailed, "no")),
                status.LoggedInAsync(["A"], null),
                status.LoginFailedAsync(new Problem(ErrorCode.AccountUnavailable, "away")),
                status.LoggedInAsync([$"LAST{round}"], null));
            var row = (await Accounts.FindAsync("one", default))!;
            Assert.Equal((AccountState.Connected, $"LAST{round}"), (row.State, Assert.Single(row.Capabilities)));
        }
        var told = (await log.ReadAsync(entity.Incarnation, 0, 500, default)).Select(change => change.Type).ToList();
        Assert.Equal(ChangeType.AccountConnected, told[^1]);
        Assert.DoesNotContain(told.Zip(told.Skip(1)), pair => pair.First == pair.Second);
        Assert.Equal(told.Count, (await log.RangeAsync(entity.Incarnation, default)).Head);
    }

    [Fact]
    public async Task Keys_are_listed_newest_first_page_by_page_and_go_with_their_descendants()
    {
        var made = new List<ApiKey>();
        for (var n = 0; n < 5; n++)
        {
            made.Add((await Keys.CreateAsync(Admin, new NewKey { Name = $"k{n}", Scopes = ["admin"], Accounts = n == 0 ? null : ["a", "b"] }, default)).Key);
        }
        var listed = new List<string>();
        CreatedPosition? before = null;
        do
        {
            var page = await Keys.ListAsync(Admin, before, 2, default);
            listed.AddRange(page.Take(2).Select(key => key.Id));
            before = page.Count > 2 ? CreatedPosition.Of(page[1]) : null;
        }
        while (before is not null);
        Assert.Equal(made.OrderByDescending(key => key.CreatedAt).ThenByDescending(key => key.Id, StringComparer.Ordinal).Select(key => key.Id), listed);

        var parent = new Caller(made[0].Id, Scope.Admin, null);
        var (child, value) = await Keys.CreateAsync(parent, new NewKey { Name = "child", Scopes = ["mail.read"] }, default);
        var lookup = new KeyLookup(Database, TimeProvider.System);
        Assert.Equal(child.Id, (await lookup.FindAsync(KeyValue.Hash(value), default))?.KeyId);
        await lookup.FlushUsesAsync(default);
        Assert.NotNull((await Keys.GetAsync(Admin, child.Id, default)).LastUsedAt);
        await Keys.RemoveAsync(Admin, made[0].Id, default);
        Assert.Null(await new KeyLookup(Database, TimeProvider.System).FindAsync(KeyValue.Hash(value), default));
        Assert.Equal(4, (await Keys.ListAsync(Admin, null, 10, default)).Count);
    }

    [Fact]
    public async Task An_idempotency_key_is_claimed_once_answered_and_purged()
    {
        var protection = new EphemeralDataProtectionProvider();
        var store = new IdempotencyStore(Database, protection, TimeProvider.System);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Outcome(() => store.ClaimAsync("key", [1], default)))));
        Assert.Equal([null, .. Enumerable.Repeat<ErrorCode?>(ErrorCode.Conflict, 7)], outcomes.Order());
        await store.SettleAsync("key", new StoredAnswer(201, "text/plain", "/there", null, [1, 2, 3]));
        await Store.Reopen();
        var replayed = await new IdempotencyStore(Database, protection, TimeProvider.System).ClaimAsync("key", [1], default);
        Assert.Equal((201, "/there"), (replayed!.Status, replayed.Location));
        Assert.Equal([1, 2, 3], replayed.Body);
        await Database.WriteAsync((db, cancel) => db.Set<IdempotencyRecord>().ExecuteUpdateAsync(set => set.SetProperty(row => row.ExpiresAt, DateTimeOffset.UnixEpoch), cancel), default);
        Assert.Equal(1, await new IdempotencyStore(Database, protection, TimeProvider.System).PurgeAsync(10, default));
        Assert.Empty(await Database.Ids());
    }

    [Fact]
    public async Task A_mailbox_and_its_pages_come_back_octet_by_octet()
    {
        var pages = Enumerable.Range(0, 120).ToDictionary(number => number, number => Enumerable.Range(0, 3000 + number).Select(octet => (byte)octet).ToArray());
        await Database.WriteAsync(
            (db, _) =>
            {
                db.Add(new MailboxEntity { Incarnation = "abcdefgh", Counter = 7, Path = "Größe/\0", Delimiter = "/", Role = Role.Inbox, UidValidity = uint.MaxValue, HighestModSeq = long.MaxValue });
                db.AddRange(pages.Select(page => new IndexPageEntity { Incarnation = "abcdefgh", Mailbox = 7, Number = page.Key, Data = page.Value }));
                return Task.FromResult(0);
            },
            default);
        await Store.Reopen();
        var (mailbox, stored) = await Database.ReadAsync(
            async (db, cancel) => (await db.Set<MailboxEntity>().SingleAsync(cancel), await db.Set<IndexPageEntity>().OrderBy(page => page.Number).ToListAsync(cancel)), default);
        Assert.Equal(("Größe/\0", Role.Inbox, uint.MaxValue, long.MaxValue), (mailbox.Path, mailbox.Role, mailbox.UidValidity, mailbox.HighestModSeq));
        Assert.Equal(pages.Values, stored.Select(page => page.Data));
    }

    [Fact]
    public async Task Forty_thousand_mailboxes_are_written_changed_and_removed_at_once()
    {
        var writes = Enumerable.Range(1, 40_000).Select(n => Listed((ulong)n, $"box{n}")).ToList();
        await Write(writes);
        await Write([.. writes.Select(write => write with { Seen = write.Seen with { Subscribed = true } })]);
        Assert.Equal(40_000, await Count());
        await Database.WriteAsync(
            async (db, cancel) =>
            {
                await MailboxStore.RemoveAsync(db, "abcdefgh", [.. writes.Select(write => (long)write.Mailbox.Counter).Skip(1)], cancel);
                return 0;
            },
            default);
        Assert.Equal(1, await Count());

        static ListedWrite Listed(ulong counter, string path)
        {
            var seen = new ListedMailbox(path, "/", false, true, null, null);
            return new ListedWrite(new MailboxState("abcdefgh", counter) { Listed = seen, Role = null }, seen, null, null, null);
        }
        Task<int> Write(List<ListedWrite> all) => Database.WriteAsync(
            async (db, cancel) =>
            {
                await MailboxStore.WriteAsync(db, "abcdefgh", all, cancel);
                return 0;
            },
            default);
        Task<int> Count() => Database.ReadAsync((db, cancel) => db.Set<MailboxEntity>().CountAsync(cancel), default);
    }

    private static async Task<ErrorCode?> Outcome(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (ProblemException refused)
        {
            return refused.Code;
        }
    }
}
