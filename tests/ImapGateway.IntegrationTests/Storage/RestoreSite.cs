using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Changes;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Webhooks;
using MailKit;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>A gateway with an account, a client of it and a receiver of webhooks.</summary>
internal sealed class RestoreSite : IAsyncDisposable
{
    private const string Connection = "query ($a: ID!, $after: String) { account(id: $a) { mailbox(role: INBOX) { messages(first: 1, after: $after) { pageInfo { endCursor } nodes { id } } } } }";

    private readonly TemporaryDirectory _backups = new();
    private readonly World _world;
    private readonly Receiver _receiver;
    private int _copies;

    private readonly PostgresServer? _postgres;
    private readonly string? _database;

    private RestoreSite(World world, Receiver receiver, ApiAccount account, string webhook, PostgresServer? postgres, string? database) =>
        (_world, _receiver, Account, Webhook, _postgres, _database) = (world, receiver, account, webhook, postgres, database);

    public ApiAccount Account { get; }

    /// <summary>Of PostgreSQL.</summary>
    public string DatabaseName => _database!;

    public GatewayProcess Gateway => _world.Gateway;

    public ApiClient Api => _world.Api;

    private string Webhook { get; }

    /// <param name="postgres">The server of its database; null: SQLite.</param>
    public static async Task<RestoreSite> Start(PostgresServer? postgres)
    {
        var database = postgres is null ? null : await postgres.NewDatabase();
        var settings = database is null ? [] : PostgresServer.Settings(database);
        var world = await World.OfItsOwn(null, [.. settings, ("Cache:DiskBytes", "10000000")]);
        var receiver = await Receiver.Start();
        // Two, so that lists have a second page.
        await world.Deliver("zero");
        await world.Deliver("one");
        var account = await world.AddAccount(watch: "all");
        (await world.Api.Post("/v1/accounts?verify=false", world.Settings(1))).Is(HttpStatusCode.Created);
        await TestWait.For(async () => (await world.Api.Get($"{account.Path}/changes?types=account.synced")).Json.GetProperty("items").GetArrayLength() == 1);
        var webhook = (await world.Api.Post("/v1/webhooks", new { url = receiver.Url(), accounts = new[] { account.Id }, types = new[] { "message.*" } })).Is(HttpStatusCode.Created);
        return new RestoreSite(world, receiver, account, webhook.Text("id"), postgres, database is null ? null : new Npgsql.NpgsqlConnectionStringBuilder(database).Database);
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
        if (_postgres is not null)
        {
            Gateway.Set("Storage:ConnectionString", await _postgres.NewDatabase());
        }
        var (exitCode, output) = await Gateway.Run("storage", "restore", backup);
        Assert.True(exitCode == 0, output);
        await ResumeRestored();
    }

    /// <summary>A copy of the database alone, made while the gateway is stopped.</summary>
    public async Task<string> CopyByHand()
    {
        await Gateway.Stop();
        var copy = _postgres is null ? _backups["by-hand.db"] : "copy_of_" + _database;
        if (_postgres is not null)
        {
            await _postgres.Execute($"CREATE DATABASE {copy} OWNER {PostgresServer.User} TEMPLATE {_database}");
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
        if (_postgres is not null)
        {
            Gateway.Set("Storage:ConnectionString", _postgres.ConnectionString(copy));
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
        await ResumeRestored();
    }

    /// <summary>Starts the gateway, which has to notice that its database is a copy.</summary>
    public async Task ResumeRestored()
    {
        await Gateway.Resume();
        Assert.Contains(Gateway.Output.Entries, line => line.Contains("restored from a copy", StringComparison.Ordinal));
    }

    public void EmptyDataDirectory()
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

/// <summary>What a client of a <see cref="RestoreSite"/> has been given.</summary>
internal sealed record Kept(
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
