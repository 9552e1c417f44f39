using System.Collections.Concurrent;
using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Webhooks;
using ImapGateway.Storage.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>
/// Every column of every table, each damaged in a row of its own while the gateway does not run: the account, the endpoint or the key with the damaged row can still be listed, changed and deleted, nothing of
/// it is deleted before, and the others do not notice. The columns are those of the EF model, so that a new one is tested without being named here.
/// </summary>
[Trait("Category", "judges")]
public sealed class DamagedColumnsTests
{
    /// <summary>What the gateway stores about an account: the column with the account's incarnation.</summary>
    private static readonly Dictionary<string, string> OfAccounts = new()
    {
        ["account"] = "Incarnation",
        ["account_metadata"] = "Incarnation",
        ["fence"] = "Incarnation",
        ["mailbox"] = "Incarnation",
        ["index_page"] = "Incarnation",
        ["pending"] = "Incarnation",
        ["change"] = "Incarnation",
    };

    /// <summary>What it stores about an endpoint: the column with its id.</summary>
    private static readonly Dictionary<string, string> OfEndpoints = new() { ["webhook"] = "Id", ["webhook_lane"] = "Webhook", ["webhook_delivery"] = "Webhook" };

    private static readonly Dictionary<string, string> OfKeys = new() { ["api_key"] = "Id" };

    /// <summary>Tables whose rows belong to nothing that could be changed or deleted over the API.</summary>
    private static readonly string[] Others = ["store", "idempotency"];

    /// <summary>A key of an integer is the place of the row in the file: SQLite takes no other type for it, and a wrong place is a damaged file.</summary>
    private static bool IsPlace(IProperty column) => column.ClrType == typeof(long) && column.FindContainingPrimaryKey() is { Properties.Count: 1 };

    private static readonly string[] OfIntegers = ["'garbage'", "-9223372036854775808", "9223372036854775807"];
    private static readonly string[] OfTexts = ["x'ff00fe'", "''", "'null'", "'{}'"];
    /// <summary>Of columns that refer to rows of other tables: other values than those rows have when they are damaged.</summary>
    private static readonly string[] OfReferences = ["x'fffe'", "'nothing'"];

    private static readonly string[] OfBlobs = ["x''", "'text'", "x'ffffffffffffffffffffffffffffff'"];

    /// <param name="Table">The damaged one.</param>
    /// <param name="Column">The damaged one.</param>
    /// <param name="Value">As SQL writes it.</param>
    private sealed record Damage(string Table, string Column, string Value)
    {
        public override string ToString() => $"{Table}.{Column} = {Value}";
    }

    private static readonly IModel Model = ReadModel();

    private static IModel ReadModel()
    {
        using var context = new SqliteGatewayDbContext(new DbContextOptionsBuilder().UseSqlite("Data Source=:memory:").Options);
        return context.Model;
    }

    private static List<Damage> DamagesOf(IEnumerable<string> tables) =>
    [
        .. from table in Model.GetEntityTypes()
           where tables.Contains(table.GetTableName())
           from column in table.GetProperties()
           where !IsPlace(column)
           let values = column.IsForeignKey() ? OfReferences : column.GetColumnType() switch { "INTEGER" => OfIntegers, "TEXT" => OfTexts, _ => OfBlobs }
           from value in column.IsNullable ? [.. values, "NULL"] : values
           select new Damage(table.GetTableName()!, column.GetColumnName(), value),
    ];

    [Fact]
    public void Every_table_belongs_to_an_account_an_endpoint_a_key_or_to_nothing() =>
        Assert.Equal(Model.GetEntityTypes().Select(table => table.GetTableName()!).Order(), OfAccounts.Keys.Concat(OfEndpoints.Keys).Concat(OfKeys.Keys).Concat(Others).Order());

    [Fact]
    public async Task Of_an_account()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        await using var gateway = await GatewayProcess.Start();
        var api = new ApiClient(gateway);
        var damages = DamagesOf(OfAccounts.Keys);
        var whole = await AddAccount(api, server, "whole");
        await Use(whole);
        var damaged = new ConcurrentDictionary<Damage, ApiAccount>();
        await InParallel(damages.Index(), async one =>
        {
            var account = damaged[one.Item] = await AddAccount(api, server, $"a{one.Index}");
            await Use(account);
        });
        // A change in the log of each account, and a message that may have been moved.
        server.Inbox.Add("two");
        await InParallel(damaged.Values, account => account.Api.Get(account.Messages("inbox"), ("Cache-Control", "no-cache")));
        await gateway.Stop();
        using (var database = new GatewayDatabase(gateway))
        {
            foreach (var (damage, account) in damaged)
            {
                var incarnation = database.Read($"SELECT Incarnation FROM account WHERE Id = '{account.Id}'");
                database.Execute($"INSERT INTO pending SELECT '{incarnation}', Counter, 1, 1, '', 0, 0 FROM mailbox WHERE Incarnation = '{incarnation}'");
                Apply(database, damage, OfAccounts[damage.Table], incarnation);
            }
        }
        await gateway.Resume();

        var faults = new Faults(gateway);
        await faults.Demand("the whole account", await api.Get(whole.Messages("inbox")), HttpStatusCode.OK);
        await faults.Demand("its feed", await api.Get($"{whole.Path}/changes?after=0"), HttpStatusCode.OK);
        await faults.Demand("the feed of all", await api.Get("/v1/changes?after=0"), HttpStatusCode.OK);
        var listed = await ListAll(api, "/v1/accounts");
        await InParallel(damaged, async one =>
        {
            var (damage, account) = one;
            // A damaged id is replaced: nobody could ask for the account otherwise.
            if (damage is { Table: "account", Column: "Id" })
            {
                return;
            }
            if (!listed.Contains(account.Id))
            {
                faults.Add($"{damage}: not listed");
            }
            await faults.Demand($"{damage}: read", await api.Get(account.Path), HttpStatusCode.OK);
            await faults.Demand($"{damage}: list", await api.Get(account.Messages("inbox"), ("Cache-Control", "no-cache")));
            await faults.Demand($"{damage}: changes", await api.Get($"{account.Path}/changes?after=0"));
            await faults.Demand($"{damage}: resume", await api.Post($"{account.Path}/resume"));
            await faults.Demand($"{damage}: change of the password", await api.Patch($"{account.Path}?verify=false", new { imap = new { password = "pass" } }));
            var changed = await api.Patch($"{account.Path}?verify=false", Settings(server, "changed"));
            await faults.Demand($"{damage}: change", changed);
            if (changed.Status == HttpStatusCode.OK && damage.Table is "account" or "account_metadata")
            {
                // New settings repair the tables that they write.
                await faults.Demand($"{damage}: list after the change", await api.Get(account.Messages("inbox"), ("Cache-Control", "no-cache")), HttpStatusCode.OK);
            }
            await faults.Demand($"{damage}: read before it is deleted", await api.Get(account.Path), HttpStatusCode.OK);
            await faults.Demand($"{damage}: delete", await api.Delete(account.Path), HttpStatusCode.NoContent);
            await faults.Demand($"{damage}: read when it is deleted", await api.Get(account.Path), HttpStatusCode.NotFound);
        });
        await faults.Demand("the whole account afterwards", await api.Get(whole.Messages("inbox"), ("Cache-Control", "no-cache")), HttpStatusCode.OK);
        await DeleteAll(faults, api, "/v1/accounts", 1 + damages.Count(damage => damage is { Table: "account", Column: "Id" }));
        faults.DemandNone();
    }

    [Fact]
    public async Task Of_an_endpoint()
    {
        await using var receiver = await Receiver.Start();
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        await using var gateway = await GatewayProcess.Start();
        var api = new ApiClient(gateway);
        var account = await AddAccount(api, server, "whole");
        await Use(account);
        var damages = DamagesOf(OfEndpoints.Keys);
        var damaged = new List<(Damage Damage, string Id)>();
        foreach (var (number, damage) in damages.Index())
        {
            var body = new { url = receiver.Url($"e{number}"), types = new[] { "message.*" }, headers = new Dictionary<string, string> { ["X-A"] = "b" } };
            damaged.Add((damage, (await api.Post("/v1/webhooks", body)).Is(HttpStatusCode.Created).Text("id")));
        }
        (await api.Post("/v1/webhooks", new { url = receiver.Url("whole"), types = new[] { "message.*" } })).Is(HttpStatusCode.Created);
        server.Inbox.Add("two");
        await api.Get(account.Messages("inbox"), ("Cache-Control", "no-cache"));
        await TestWait.For(() => damaged.Index().All(one => receiver.At($"e{one.Index}").Count > 0));
        await TestWait.For(async () =>
        {
            foreach (var (_, id) in damaged.Where(one => one.Damage.Table == "webhook_delivery"))
            {
                if (!(await api.Get($"/v1/webhooks/{id}/deliveries")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Any(one => one.GetProperty("state").GetString() == "delivered"))
                {
                    return false;
                }
            }
            return true;
        });
        await gateway.Stop();
        using (var database = new GatewayDatabase(gateway))
        {
            foreach (var (damage, id) in damaged)
            {
                Apply(database, damage, OfEndpoints[damage.Table], id);
            }
        }
        await gateway.Resume();

        var faults = new Faults(gateway);
        server.Inbox.Add("three");
        await api.Get(account.Messages("inbox"), ("Cache-Control", "no-cache"));
        await TestWait.For(() => receiver.At("whole").Count == 2, "the whole endpoint is called");
        var listed = await ListAll(api, "/v1/webhooks");
        await InParallel(damaged, async one =>
        {
            var (damage, id) = one;
            var path = $"/v1/webhooks/{id}";
            if (damage is { Table: "webhook", Column: "Id" })
            {
                return;
            }
            if (!listed.Contains(id))
            {
                faults.Add($"{damage}: not listed");
            }
            await faults.Demand($"{damage}: read", await api.Get(path), HttpStatusCode.OK);
            await faults.Demand($"{damage}: deliveries", await api.Get($"{path}/deliveries"), HttpStatusCode.OK);
            await faults.Demand($"{damage}: pause", await api.Post($"{path}/pause"));
            await faults.Demand($"{damage}: resume", await api.Post($"{path}/resume"));
            await faults.Demand($"{damage}: test", await api.Post($"{path}/test"));
            await faults.Demand($"{damage}: replay", await api.Post($"{path}/replay", new { account = account.Id, after = "0" }));
            await faults.Demand($"{damage}: rotate", await api.Post($"{path}/rotate-secret"));
            await faults.Demand($"{damage}: change of the description", await api.Patch(path, new { description = "x" }));
            await faults.Demand($"{damage}: change", await api.Patch(path, Settings(receiver)));
            await faults.Demand($"{damage}: delete", await api.Delete(path), HttpStatusCode.NoContent);
        });
        await DeleteAll(faults, api, "/v1/webhooks", 1 + damaged.Count(one => one.Damage is { Table: "webhook", Column: "Id" }));
        faults.DemandNone();
    }

    [Fact]
    public async Task Of_a_key()
    {
        await using var gateway = await GatewayProcess.Start();
        var api = new ApiClient(gateway);
        var damaged = new List<(Damage Damage, string Id, string Value)>();
        foreach (var damage in DamagesOf(OfKeys.Keys))
        {
            var made = (await api.Post("/v1/keys", new { name = "k", scopes = new[] { "mail.read" }, accounts = new[] { "ann" } })).Is(HttpStatusCode.Created);
            damaged.Add((damage, made.Text("id"), made.Text("key")));
        }
        await gateway.Stop();
        using (var database = new GatewayDatabase(gateway))
        {
            foreach (var (damage, id, _) in damaged)
            {
                Apply(database, damage, "Id", id);
            }
        }
        await gateway.Resume();

        var faults = new Faults(gateway);
        var listed = await ListAll(api, "/v1/keys");
        foreach (var (damage, id, value) in damaged)
        {
            using var http = gateway.ClientWithKey(value);
            var own = new ApiClient(http);
            await faults.Demand($"{damage}: used", await own.Get("/v1/accounts"));
            var beyond = await own.Get("/v1/keys");
            if (beyond.Status is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized))
            {
                faults.Add($"{damage}: the key has more rights than before");
            }
            // A damaged id is replaced.
            if (damage.Column == "Id")
            {
                continue;
            }
            if (!listed.Contains(id))
            {
                faults.Add($"{damage}: not listed");
            }
            await faults.Demand($"{damage}: read", await api.Get($"/v1/keys/{id}"), HttpStatusCode.OK);
            await faults.Demand($"{damage}: rename", await api.Patch($"/v1/keys/{id}", new { name = "renamed" }));
            await faults.Demand($"{damage}: change", await api.Patch($"/v1/keys/{id}", new { name = "renamed", scopes = new[] { "mail.readBasic" }, accounts = (string[]?)null, expiresAt = (string?)null }), HttpStatusCode.OK);
            await faults.Demand($"{damage}: delete", await api.Delete($"/v1/keys/{id}"), HttpStatusCode.NoContent);
        }
        await DeleteAll(faults, api, "/v1/keys", damaged.Count(one => one.Damage.Column == "Id"));
        faults.DemandNone();
    }

    private static async Task<ApiAccount> AddAccount(ApiClient api, ScriptedImapServer server, string id)
    {
        var body = new { id, email = "anna@example.com", watch = "none", metadata = new Dictionary<string, string> { ["k"] = "v" }, imap = Server(server), smtp = Server(server) };
        return new ApiAccount(api, (await api.Post("/v1/accounts?verify=false", body)).Is(HttpStatusCode.Created).Text("id"));
    }

    private static object Settings(ScriptedImapServer server, string name) =>
        new { name, email = "anna@example.com", watch = "none", metadata = new Dictionary<string, string> { ["l"] = "w" }, imap = Server(server), smtp = Server(server) };

    /// <summary>All that an endpoint has.</summary>
    private static object Settings(Receiver receiver)
    {
        var (text, list, headers) = ((string?)null, (string[]?)null, (object?)null);
        return new { url = receiver.Url("changed"), description = text, types = new[] { "message.*" }, accounts = list, mailboxes = list, roles = list, format = "standard", order = "account", include = text, headers };
    }

    private static object Server(ScriptedImapServer server) => new { host = ScriptedImapServer.Host, port = server.Port, security = "none", username = "anna", password = "pass", allowInvalidCertificate = false };

    private static async Task Use(ApiAccount account) => (await account.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK);

    private static async Task<IReadOnlyList<string>> ListAll(ApiClient api, string path)
    {
        // In small pages: a damaged row must not be the end of the list.
        var ids = new List<string>();
        for (string? next = $"{path}?limit=10"; next is not null;)
        {
            var page = (await api.Get(next)).Is(HttpStatusCode.OK).Json;
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
            next = page.TryGetProperty("nextCursor", out var cursor) && cursor.GetString() is { } more ? $"{path}?limit=10&cursor={more}" : null;
        }
        return ids;
    }

    /// <summary>Those that are whole, and those whose ids were damaged.</summary>
    private static async Task DeleteAll(Faults faults, ApiClient api, string path, int count)
    {
        var left = await ListAll(api, path);
        if (left.Count != count)
        {
            faults.Add($"{count} are expected to be left: {string.Join(", ", left)}");
        }
        foreach (var id in left)
        {
            await faults.Demand($"{id}: read", await api.Get($"{path}/{Uri.EscapeDataString(id)}"), HttpStatusCode.OK);
            await faults.Demand($"{id}: delete", await api.Delete($"{path}/{Uri.EscapeDataString(id)}"), HttpStatusCode.NoContent);
        }
    }

    private static Task InParallel<T>(IEnumerable<T> items, Func<T, Task> run) => Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (item, _) => await run(item));

    private static void Apply(GatewayDatabase database, Damage damage, string owner, string id)
    {
        var row = $"SELECT rowid FROM \"{damage.Table}\" WHERE \"{owner}\" = '{id}' ORDER BY rowid DESC LIMIT 1";
        Assert.True(database.Execute($"UPDATE \"{damage.Table}\" SET \"{damage.Column}\" = {damage.Value} WHERE rowid = ({row})") == 1, damage.ToString());
    }

    /// <summary>All that is wrong, so that one run of the test shows it.</summary>
    private sealed class Faults(GatewayProcess gateway)
    {
        private readonly ConcurrentQueue<string> _found = new();

        public void Add(string fault) => _found.Enqueue(fault);

        /// <param name="what">Was done.</param>
        /// <param name="answer">Came.</param>
        /// <param name="status">Null: anything that is no failure of the gateway.</param>
        public Task Demand(string what, ApiAnswer answer, HttpStatusCode? status = null)
        {
            if (status is null ? answer.Status == HttpStatusCode.InternalServerError : answer.Status != status)
            {
                Add($"{what}: {(int)answer.Status} {answer.Text}");
            }
            return Task.CompletedTask;
        }

        public void DemandNone()
        {
            Assert.False(gateway.HasExited);
            Assert.True(_found.IsEmpty, $"{_found.Count} faults:\n{string.Join('\n', _found.Order())}");
        }
    }
}
