using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Changes;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Webhooks;
using MailKit;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>The backup recipe of README: a client keeps what it was given before the backup and after it, the later changes are lost, and each value still means what it meant or is answered 410.</summary>
public class BackupTests
{
    [Theory]
    [InlineData("Sqlite", true)]
    [InlineData("Postgres", false)]
    public async Task What_was_given_before_a_backup_stays_good_after_the_restore_and_what_was_given_later_is_gone(string provider, bool hot)
    {
        await using var site = await Site.Start(provider);
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
        await using var site = await Site.Start(provider);
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
        await using var site = await Site.Start(provider);
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
        await using var site = await Site.Start(provider);
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

    /// <summary>What a client has been given.</summary>
    private sealed record Kept(
        IReadOnlyDictionary<string, string> Messages,
        IReadOnlyDictionary<string, string> Changes,
        IReadOnlyCollection<string> Mailboxes,
        string Position,
        string GlobalPosition,
        string Cursor,
        string GraphCursor,
        string AccountsCursor,
        string ListTag,
        string AccountsTag,
        string MailboxesTag,
        string Ticket,
        string Webhook)
    {
        public IEnumerable<string> Ids => [.. Messages.Values, .. Changes.Values, .. Mailboxes];
    }

    /// <summary>A gateway with an account, a client of it and a receiver of webhooks.</summary>
    private sealed class Site : IAsyncDisposable
    {
        private const string Connection = "query ($a: ID!, $after: String) { account(id: $a) { mailbox(role: INBOX) { messages(first: 1, after: $after) { pageInfo { endCursor } nodes { id } } } } }";

        private readonly TemporaryDirectory _backups = new();
        private readonly World _world;
        private readonly Receiver _receiver;
        private int _copies;

        private Site(World world, Receiver receiver, ApiAccount account, string webhook, string? database) =>
            (_world, _receiver, Account, Webhook, Database) = (world, receiver, account, webhook, database);

        public ApiAccount Account { get; }

        public GatewayProcess Gateway => _world.Gateway;

        public ApiClient Api => _world.Api;

        private string Webhook { get; }

        /// <summary>Of PostgreSQL; null: SQLite.</summary>
        private string? Database { get; }

        private bool IsPostgres => Database is not null;

        public static async Task<Site> Start(string provider)
        {
            var database = provider == "Sqlite" ? null : await (await SharedServers.Postgres).NewDatabase();
            (string, string)[] settings = database is null ? [] : [("Storage:Provider", provider), ("Storage:ConnectionString", database)];
            var world = await World.OfItsOwn(null, [.. settings, ("Cache:DiskBytes", "10000000")]);
            var receiver = await Receiver.Start();
            // Two, so that lists have a second page.
            await world.Deliver("zero");
            await world.Deliver("one");
            var account = await world.AddAccount(watch: "all");
            (await world.Api.Post("/v1/accounts?verify=false", world.Settings(1))).Is(HttpStatusCode.Created);
            await TestWait.For(async () => (await world.Api.Get($"{account.Path}/changes?types=account.synced")).Json.GetProperty("items").GetArrayLength() == 1);
            var webhook = (await world.Api.Post("/v1/webhooks", new { url = receiver.Url(), accounts = new[] { account.Id }, types = new[] { "message.*" } })).Is(HttpStatusCode.Created);
            return new Site(world, receiver, account, webhook.Text("id"), database is null ? null : new Npgsql.NpgsqlConnectionStringBuilder(database).Database);
        }

        /// <returns>The id of the change that tells of it.</returns>
        public async Task<string> Deliver(string subject)
        {
            await _world.Deliver(subject);
            await TestWait.For(() => Told(subject) is not null);
            return Told(subject)!;
        }

        public async Task Remove(params string[] subjects)
        {
            using var client = await _world.OtherClient();
            var inbox = client.Inbox!;
            await inbox.OpenAsync(FolderAccess.ReadWrite);
            foreach (var summary in await inbox.FetchAsync(0, -1, MessageSummaryItems.UniqueId | MessageSummaryItems.Envelope))
            {
                if (subjects.Contains(summary.Envelope!.Subject))
                {
                    await inbox.AddFlagsAsync(summary.UniqueId, MessageFlags.Deleted, silent: true);
                }
            }
            await inbox.ExpungeAsync();
        }

        /// <summary>All that a client may keep, once the message is there.</summary>
        public async Task<Kept> Keep(string subject)
        {
            await TestWait.For(async () => (await Account.Newest()).GetProperty("subject").GetString() == subject);
            await TestWait.For(async () => (await Api.Get($"/v1/webhooks/{Webhook}/deliveries?state=delivered")).Json.GetProperty("items").EnumerateArray().Any(item => item.GetProperty("id").GetString() == Told(subject)));
            var list = (await Api.Get(Account.Messages("inbox"))).Is(HttpStatusCode.OK);
            var page = (await Api.Get(Account.Messages("inbox", "?limit=1"))).Is(HttpStatusCode.OK);
            var accounts = (await Api.Get("/v1/accounts?limit=1")).Is(HttpStatusCode.OK);
            var mailboxes = (await Api.Get(Account.Mailboxes)).Is(HttpStatusCode.OK);
            var changes = (await Api.Get($"{Account.Path}/changes?types=message.added&limit=500")).Is(HttpStatusCode.OK);
            return new Kept(
                Items(list).ToDictionary(item => item.GetProperty("subject").GetString()!, item => item.GetProperty("id").GetString()!),
                Items(changes).ToDictionary(SubjectOf, item => item.GetProperty("id").GetString()!),
                [.. Items(mailboxes).Select(item => item.GetProperty("id").GetString()!)],
                list.Text("feedPosition"),
                accounts.Text("feedPosition"),
                page.Text("nextCursor"),
                (await Api.Data(Connection, new { a = Account.Id })).At("account.mailbox.messages.pageInfo.endCursor").GetString()!,
                accounts.Text("nextCursor"),
                list.Headers.ETag!.ToString(),
                accounts.Headers.ETag!.ToString(),
                mailboxes.Headers.ETag!.ToString(),
                (await Api.Post("/v1/tickets", new { })).Is(HttpStatusCode.OK).Text("ticket"),
                Told(subject)!);
        }

        public async Task<string> BackUp(bool hot)
        {
            var path = _backups[$"copy{++_copies}"];
            if (!hot)
            {
                await Gateway.Kill();
            }
            var (exitCode, output) = await Gateway.Run("storage", "backup", path);
            Assert.True(exitCode == 0, output);
            if (!hot)
            {
                await Gateway.Resume();
            }
            return path;
        }

        /// <summary>Everything is lost but the copy.</summary>
        public async Task Restore(string backup)
        {
            await Gateway.Kill();
            EmptyDataDirectory();
            if (IsPostgres)
            {
                Gateway.Set("Storage:ConnectionString", await (await SharedServers.Postgres).NewDatabase());
            }
            var (exitCode, output) = await Gateway.Run("storage", "restore", backup);
            Assert.True(exitCode == 0, output);
            await Gateway.Resume();
            Assert.Contains(Gateway.Output.Entries, line => line.Contains("restored from a copy", StringComparison.Ordinal));
        }

        /// <summary>A copy of the database alone, made while the gateway is stopped.</summary>
        public async Task<string> CopyByHand()
        {
            await Gateway.Stop();
            var copy = IsPostgres ? "copy_of_" + Database : _backups["by-hand.db"];
            if (IsPostgres)
            {
                await (await SharedServers.Postgres).Execute($"CREATE DATABASE {copy} OWNER {PostgresServer.User} TEMPLATE {Database}");
            }
            else
            {
                File.Copy(Path.Combine(Gateway.DataDirectory, "gateway.db"), copy);
            }
            await Gateway.Resume();
            return copy;
        }

        public async Task RestoreByHand(string copy, bool loseDataDirectory)
        {
            await Gateway.Kill();
            var keys = Directory.GetFiles(Gateway.DataDirectory, "*.xml", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(Gateway.DataDirectory, file), File.ReadAllBytes);
            if (loseDataDirectory)
            {
                EmptyDataDirectory();
            }
            foreach (var (name, content) in keys)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Gateway.DataDirectory, name))!);
                await File.WriteAllBytesAsync(Path.Combine(Gateway.DataDirectory, name), content);
            }
            if (IsPostgres)
            {
                Gateway.Set("Storage:ConnectionString", (await SharedServers.Postgres).ConnectionString(copy));
            }
            else
            {
                foreach (var file in Directory.GetFiles(Gateway.DataDirectory, "gateway.db*"))
                {
                    File.Delete(file);
                }
                File.Copy(copy, Path.Combine(Gateway.DataDirectory, "gateway.db"));
            }
            if (loseDataDirectory)
            {
                var (exitCode, output) = await Gateway.Run("storage", "restored");
                Assert.True(exitCode == 0, output);
            }
            await Gateway.Resume();
            Assert.Contains(Gateway.Output.Entries, line => line.Contains("restored from a copy", StringComparison.Ordinal));
        }

        private void EmptyDataDirectory()
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(Gateway.DataDirectory).Where(entry => !Path.GetFileName(entry).StartsWith('.')).ToList())
            {
                if (Directory.Exists(entry))
                {
                    Directory.Delete(entry, recursive: true);
                }
                else
                {
                    File.Delete(entry);
                }
            }
        }

        public async Task IsGood(Kept kept, params string[] subjects)
        {
            foreach (var subject in subjects)
            {
                Assert.Equal(subject, (await Api.Get(Account.Message(kept.Messages[subject]))).Is(HttpStatusCode.OK).Text("subject"));
                Assert.Contains($"The text of {subject}", (await Api.Get(Account.Message(kept.Messages[subject], "/raw"))).Is(HttpStatusCode.OK).Text, StringComparison.Ordinal);
            }
            (await Api.Get($"{Account.Path}/changes?after={kept.Position}")).Is(HttpStatusCode.OK);
            (await Api.Get($"/v1/changes?after={kept.GlobalPosition}")).Is(HttpStatusCode.OK);
            (await Api.Get(Account.Messages("inbox", $"?limit=1&cursor={kept.Cursor}"))).Is(HttpStatusCode.OK);
            (await Api.Get($"/v1/accounts?limit=1&cursor={kept.AccountsCursor}")).Is(HttpStatusCode.OK);
            await Api.Data(Connection, new { a = Account.Id, after = kept.GraphCursor });
            (await Api.Get($"/v1/webhooks/{Webhook}/deliveries/{kept.Webhook}")).Is(HttpStatusCode.OK);
        }

        public async Task IsGone(Kept kept, params string[] subjects)
        {
            foreach (var subject in subjects)
            {
                (await Api.Get(Account.Message(kept.Messages[subject]))).Is(HttpStatusCode.Gone).IsProblem("gone");
                (await Api.Get(Account.Message(kept.Messages[subject], "/raw"))).Is(HttpStatusCode.Gone);
                (await Api.Patch(Account.Message(kept.Messages[subject]), new { flags = new { add = new[] { "$flagged" } } })).Is(HttpStatusCode.Gone);
                (await Api.Get($"/v1/webhooks/{Webhook}/deliveries/{kept.Changes[subject]}")).Is(HttpStatusCode.Gone);
            }
            var known = (await Account.Items(Account.Mailboxes)).Select(mailbox => mailbox.GetProperty("id").GetString()!).ToHashSet();
            foreach (var mailbox in kept.Mailboxes.Where(id => !known.Contains(id)))
            {
                (await Api.Get(Account.Mailbox(mailbox))).Is(HttpStatusCode.Gone);
                Assert.Equal("gone", await Subscribed(new { a = Account.Id, mailboxes = new[] { mailbox } }));
            }
            (await Api.Get($"{Account.Path}/changes?after={kept.Position}")).Is(HttpStatusCode.Gone).IsProblem("gone");
            (await Api.Get($"/v1/changes?after={kept.GlobalPosition}")).Is(HttpStatusCode.Gone).IsProblem("gone");
            foreach (var (path, position) in new[] { ($"{Account.Path}/events", kept.Position), ("/v1/events", kept.GlobalPosition) })
            {
                await using var events = await EventReader.Open(Gateway.Http, path, position);
                Assert.Equal("reset", (await events.Next())!.Type);
            }
            Assert.Equal("gone", await Subscribed(new { a = Account.Id, after = kept.Position }));
            (await Api.Get(Account.Messages("inbox", $"?limit=1&cursor={kept.Cursor}"))).Is(HttpStatusCode.Gone);
            (await Api.Get($"/v1/accounts?limit=1&cursor={kept.AccountsCursor}")).Is(HttpStatusCode.Gone);
            Assert.Equal("gone", (await Api.Graph(Connection, new { a = Account.Id, after = kept.GraphCursor })).Error().Code());
            (await Api.Post($"/v1/webhooks/{Webhook}/replay", new { account = Account.Id, after = kept.Position })).Is(HttpStatusCode.Gone);
            (await Api.Get(Account.Messages("inbox"), ("If-None-Match", kept.ListTag))).Is(HttpStatusCode.OK);
            (await Api.Get("/v1/accounts?limit=1", ("If-None-Match", kept.AccountsTag))).Is(HttpStatusCode.OK);
            (await Api.Get(Account.Mailboxes, ("If-None-Match", kept.MailboxesTag))).Is(HttpStatusCode.OK);
            using var anonymous = Gateway.ClientWithKey(null);
            Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.GetAsync($"/v1/events?ticket={kept.Ticket}", HttpCompletionOption.ResponseHeadersRead)).StatusCode);
        }

        /// <summary>From a position of before, the feeds go on without a gap and tell of new messages by ids that nothing had before.</summary>
        public async Task Follows(Kept kept, Kept lost, string[] subjects)
        {
            var position = kept.Position;
            var sequence = long.Parse(position.Split('_')[^1], System.Globalization.CultureInfo.InvariantCulture);
            var added = new List<JsonElement>();
            while (Items((await Api.Get($"{Account.Path}/changes?after={position}&limit=2")).Is(HttpStatusCode.OK)) is { Count: > 0 } page)
            {
                foreach (var change in page)
                {
                    Assert.Equal((++sequence).ToString(System.Globalization.CultureInfo.InvariantCulture), change.GetProperty("sequence").GetString());
                    Assert.DoesNotContain(change.GetProperty("id").GetString(), lost.Changes.Where(pair => !kept.Changes.ContainsKey(pair.Key) && !subjects.Contains(pair.Key)).Select(pair => pair.Value));
                    added.AddRange(change.GetProperty("type").GetString() == "message.added" ? [change] : []);
                }
                position = (await Api.Get($"{Account.Path}/changes?after={position}&limit=2")).Text("nextAfter");
            }
            Assert.Equal(subjects, added.Select(SubjectOf));
            var all = Items((await Api.Get($"/v1/changes?after={kept.GlobalPosition}&limit=500&types=message.added")).Is(HttpStatusCode.OK));
            Assert.Equal(added.Select(change => change.GetProperty("id").GetString()), all.Select(change => change.GetProperty("id").GetString()));
        }

        public void NoWebhookIdHasTwoContents() =>
            Assert.All(_receiver.Calls.GroupBy(call => call.Id), calls => Assert.Single(calls.Select(call => Convert.ToBase64String(call.Body)).Distinct()));

        public async ValueTask DisposeAsync()
        {
            await _receiver.DisposeAsync();
            await _world.DisposeAsync();
            _backups.Dispose();
        }

        private string? Told(string subject) => _receiver.Calls.LastOrDefault(call => call.Json.GetProperty("type").GetString() == "message.added" && SubjectOf(call.Json) == subject)?.Id;

        private async Task<string> Subscribed(object variables)
        {
            var answer = await Api.Graph(
                "subscription ($a: ID!, $after: String = \"latest\", $mailboxes: [ID!]) { changes(account: $a, after: $after, mailboxes: $mailboxes) { position } }", variables, ("Accept", "text/event-stream"));
            return JsonElement.Parse(answer.Text.Split("data: ")[1].Split('\n')[0]).At("errors.0.extensions.code").GetString()!;
        }

        private static string SubjectOf(JsonElement change) => change.At("data.message.subject").GetString()!;

        private static IReadOnlyList<JsonElement> Items(ApiAnswer answer) => [.. answer.Json.GetProperty("items").EnumerateArray()];
    }
}
