using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;
using MailKit;
using Npgsql;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>The whole gateway on PostgreSQL.</summary>
public class PostgresGatewayTests
{
    private static (string, string)[] On(string connectionString) => PostgresServer.Settings(connectionString);

    private static string DatabaseOf(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Database!;

    private static async Task<Dictionary<string, string>> IdsBySubject(ApiAccount account, string mailbox = "inbox") =>
        (await account.Items(account.Messages(mailbox, "?limit=500"))).ToDictionary(message => message.GetProperty("subject").GetString()!, message => message.GetProperty("id").GetString()!);

    private static string[] Flags(JsonElement message) => [.. message.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()!).Order(StringComparer.Ordinal)];

    private static async Task<string> EverythingIn(PostgresServer server, string database) => (string)(await server.Execute(
        "SELECT string_agg(query_to_xml(format('SELECT * FROM %I', tablename), true, true, '')::text, '') FROM pg_tables WHERE schemaname = 'public'", database))!;

    [Fact]
    public async Task Ids_flags_and_credentials_survive_a_restart_and_the_data_directory_has_none_of_it()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        await using var world = await World.OfItsOwn(null, On(database));
        for (var n = 0; n < 5; n++)
        {
            await world.Deliver($"message {n}");
        }
        var account = await world.AddAccount();
        var mailboxes = (await account.Items(account.Mailboxes)).ToDictionary(mailbox => mailbox.GetProperty("path").GetString()!, mailbox => mailbox.GetProperty("id").GetString()!);
        var before = await IdsBySubject(account);
        Assert.Equal(5, before.Count);
        (await account.Api.Patch(account.Message(before["message 1"]), new { flags = new { add = new[] { "$flagged" } } })).Is(HttpStatusCode.OK);
        (await account.Api.Post(account.Mailboxes, new { path = "Projects" })).Is(HttpStatusCode.Created);
        var projects = Assert.Single(await account.Items($"{account.Mailboxes}?path=Projects")).GetProperty("id").GetString()!;
        (await account.Api.Patch(account.Message(before["message 2"]), new { mailboxId = projects })).Is(HttpStatusCode.OK);
        Assert.Equal(before["message 2"], (await IdsBySubject(account, projects))["message 2"]);

        await world.Gateway.Restart();
        Assert.Equal(before.Where(pair => pair.Key != "message 2").OrderBy(pair => pair.Key), (await IdsBySubject(account)).OrderBy(pair => pair.Key));
        Assert.Equal(before["message 2"], (await IdsBySubject(account, projects))["message 2"]);
        Assert.Equal(["$flagged"], Flags((await account.Api.Get(account.Message(before["message 1"]))).Is(HttpStatusCode.OK).Json));
        foreach (var mailbox in await account.Items(account.Mailboxes))
        {
            Assert.Equal(mailboxes.GetValueOrDefault(mailbox.GetProperty("path").GetString()!, projects), mailbox.GetProperty("id").GetString());
        }

        Assert.Empty(Directory.GetFileSystemEntries(world.Gateway.DataDirectory).Select(Path.GetFileName).Except(["lock", "stamp", "openings", ".made-by-imapgateway-tests"]));
        Assert.DoesNotContain("\"pass\"", await EverythingIn(server, DatabaseOf(database)), StringComparison.Ordinal);
        Assert.DoesNotContain(world.Gateway.Output.Entries, line => line.Contains(PostgresServer.Password, StringComparison.Ordinal));

        (await account.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
        await world.Gateway.Output.First(line => line.Contains("are deleted", StringComparison.Ordinal));
        foreach (var table in new[] { "account", "account_metadata", "fence", "mailbox", "index_page" })
        {
            Assert.Equal(0L, await server.Execute($"SELECT count(*) FROM {table}", DatabaseOf(database)));
        }
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task Secrets_are_never_in_clear_neither_in_the_database_nor_in_the_log_at_its_loudest()
    {
        const string Password = "imap-secret-word-77";
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        await using var scripted = Servers.Scripted.ScriptedImapServer.Start(new() { Password = Password });
        await using var gateway = await GatewayProcess.Start([.. On(database), ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft", "Trace"), ("Logging:LogLevel:Npgsql", "Trace")]);
        var api = new ApiClient(gateway);
        var account = (await api.Post(
            "/v1/accounts", new { email = "anna@example.com", watch = "none", imap = new { host = "127.0.0.1", port = scripted.Port, security = "none", username = "anna", password = Password } }, ("Idempotency-Key", "k"))).Is(HttpStatusCode.Created);
        (await api.Get($"/v1/accounts/{account.Text("id")}/mailboxes")).Is(HttpStatusCode.OK);
        Assert.Equal(0, await gateway.Stop());
        var stored = await EverythingIn(server, DatabaseOf(database));
        Assert.Contains("anna@example.com", stored, StringComparison.Ordinal);
        foreach (var secret in new[] { Password, gateway.AdminKey, PostgresServer.Password })
        {
            Assert.DoesNotContain(secret, stored, StringComparison.Ordinal);
            Assert.DoesNotContain(gateway.Output.Entries, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    [Fact]
    [Trait("Category", "long")]
    public async Task Killed_in_the_middle_of_its_writes_it_comes_back_with_the_same_ids()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        await using var world = await World.OfItsOwn(null, On(database));
        for (var n = 0; n < 20; n++)
        {
            await world.Deliver($"message {n}");
        }
        var account = await world.AddAccount();
        var before = await IdsBySubject(account);
        for (var round = 0; round < 3; round++)
        {
            var written = 0;
            using var killed = new CancellationTokenSource();
            // Flags, and new messages that get ids, until the process is gone.
            var patches = before.Values.Chunk(5).Select(async ids =>
            {
                try
                {
                    for (var turn = 0; !killed.IsCancellationRequested; turn++)
                    {
                        await account.Api.Patch(account.Message(ids[turn % ids.Length]), new { flags = new { set = turn % 2 == 0 ? new[] { "$flagged" } : [] } });
                        Interlocked.Increment(ref written);
                    }
                }
                catch (Exception cut) when (cut is HttpRequestException or InvalidOperationException or OperationCanceledException or IOException)
                {
                    // It was killed while it worked on this one.
                }
            }).ToList();
            await world.Deliver($"round {round}");
            await TestWait.For(() => written >= 10);
            await world.Gateway.Kill();
            await killed.CancelAsync();
            await Task.WhenAll(patches);
            await world.Gateway.Resume();

            var after = await IdsBySubject(account);
            Assert.Equal(20 + round + 1, after.Count);
            Assert.Equal(after.Count, after.Values.Distinct().Count());
            Assert.All(before, pair => Assert.Equal(pair.Value, after[pair.Key]));
            using var client = await world.OtherClient();
            await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
            var flagged = (await client.Inbox.FetchAsync(0, -1, MessageSummaryItems.Envelope | MessageSummaryItems.Flags)).ToDictionary(message => message.Envelope!.Subject!, message => message.Flags!.Value.HasFlag(MessageFlags.Flagged));
            foreach (var message in await account.Items(account.Messages("inbox", "?limit=500")))
            {
                Assert.Equal(flagged[message.GetProperty("subject").GetString()!], Flags(message).Contains("$flagged"));
            }
        }
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task While_its_database_is_away_it_lives_says_503_and_recovers_by_itself()
    {
        await using var server = await PostgresServer.Start();
        var database = await server.NewDatabase();
        await using var world = await World.OfItsOwn(null, On(database));
        await world.Deliver("hello");
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        await server.Stop();
        (await account.Api.Get("/health/live")).Is(HttpStatusCode.OK);
        (await account.Api.Get("/health/ready")).Is(HttpStatusCode.ServiceUnavailable);
        (await account.Api.Post("/v1/keys", new { name = "k", scopes = new[] { "mail.read" } })).IsProblem("unavailable");
        (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$flagged" } } })).IsProblem("unavailable");
        await server.Resume();
        await TestWait.For(async () => (await account.Api.Get("/health/ready")).Status == HttpStatusCode.OK);
        (await account.Api.Post("/v1/keys", new { name = "k", scopes = new[] { "mail.read" } })).Is(HttpStatusCode.Created);
        (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$answered" } } })).Is(HttpStatusCode.OK);
        var message = await account.Newest();
        Assert.Equal((id, "$answered $flagged"), (message.GetProperty("id").GetString(), string.Join(' ', Flags(message))));
        Assert.DoesNotContain(world.Gateway.Output.Entries, line => line.Contains("Unhandled", StringComparison.Ordinal));
    }
}
