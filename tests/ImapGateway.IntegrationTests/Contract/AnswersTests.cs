using System.Globalization;
using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Webhooks;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>A gateway answers as schema/openapi.json says: status, content type, headers, and bodies without a member that is not declared.</summary>
[Trait("Category", "judges")]
public class AnswersTests
{
    private const string Mail =
        """
        From: =?utf-8?q?J=C3=BCrgen?= <juergen@example.org>
        To: undisclosed-recipients:;
        Cc: a@example.org, "B, C" <bc@example.org>
        Subject: offer
        Date: Sun, 31 May 2026 13:44:52 +0200
        Message-ID: <offer.1@example.org>
        In-Reply-To: <question.1@example.org>
        References: <question.0@example.org> <question.1@example.org>
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary="b"

        --b
        Content-Type: text/plain

        Please find it attached.
        --b
        Content-Type: application/pdf; name="offer.pdf"
        Content-Disposition: attachment; filename="offer.pdf"
        Content-Transfer-Encoding: base64

        JVBERi0xLjQK
        --b--
        """;

    [Fact]
    public async Task Every_operation_answers_as_declared()
    {
        var world = await World.WithDovecot();
        using var exchanges = new Exchanges(world.Gateway.Http.BaseAddress!, world.Gateway.AdminKey);
        using var strangers = new Exchanges(world.Gateway.Http.BaseAddress!, null);
        await world.DeliverRaw(Mail);
        await world.DeliverRaw("Subject: broken\nDate: never\nFrom: \n\n");
        await world.DeliverRaw("Subject: page\nMIME-Version: 1.0\nContent-Type: text/html\n\n<p>Hello</p>\n");
        await world.Deliver("plain");

        var account = await Accounts(exchanges.Api, world);
        await Mailboxes(exchanges.Api, account);
        await Messages(exchanges.Api, account);
        await Keys(exchanges.Api, account);
        await Webhooks(exchanges.Api, account, world);
        await Changes(exchanges, account);
        await strangers.Api.Get(account);
        await strangers.Api.Delete(account);
        (await exchanges.Api.Delete(account)).Is(HttpStatusCode.NoContent);
        await exchanges.Api.Get(account);

        using var folder = new TemporaryDirectory();
        var lines = exchanges.Lines.Concat(strangers.Lines).ToArray();
        await File.WriteAllLinesAsync(folder["exchanges"], lines);
        var summary = (await Judges.Run("answers.mjs", Judges.Document, folder["exchanges"]))[^1];
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{lines.Length} answers, 0 faults"), summary);
    }

    private static async Task<string> Accounts(ApiClient api, World world)
    {
        var id = "contract-" + Guid.NewGuid().ToString("N")[..8];
        var path = $"/v1/accounts/{id}";
        var settings = world.Settings(world.Dovecot.Port);
        (await api.Post("/v1/accounts/verify", settings)).Is(HttpStatusCode.OK);
        (await api.Post("/v1/accounts/verify", world.Settings(FreePort.Next()))).Is(HttpStatusCode.OK);
        await api.Post("/v1/accounts/verify", new { });
        await api.Post("/v1/accounts", new { nonsense = 1 });
        await api.Post("/v1/accounts", world.Settings(world.Dovecot.Port, "wrong"));
        await api.Post("/v1/accounts", world.Settings(FreePort.Next()));
        var created = (await api.Post("/v1/accounts", settings, ("Idempotency-Key", id))).Is(HttpStatusCode.Created);
        (await api.Post("/v1/accounts", settings, ("Idempotency-Key", id))).Is(HttpStatusCode.Created);
        await api.Post("/v1/accounts", new { other = "payload" }, ("Idempotency-Key", id));
        (await api.Delete($"/v1/accounts/{created.Text("id")}")).Is(HttpStatusCode.NoContent);

        (await api.Put(path, settings)).Is(HttpStatusCode.Created);
        (await api.Put(path, settings)).Is(HttpStatusCode.OK);
        await api.Put(path, new { id = "another", email = "a@example.com" });
        (await api.Patch(path, new { name = "Contract", metadata = new { customer = id } })).Is(HttpStatusCode.OK);
        await api.Patch(path, new { imap = new { host = "localhost" } });
        (await api.Post($"{path}/pause", null)).Is(HttpStatusCode.OK);
        (await api.Post($"{path}/resume", null)).Is(HttpStatusCode.OK);
        await api.Post("/v1/accounts/nobody/pause", null);
        (await api.Get(path)).Is(HttpStatusCode.OK);
        (await api.Get($"/v1/accounts?limit=1&metadata.customer={id}")).Is(HttpStatusCode.OK);
        (await api.Get("/v1/accounts?limit=1")).Is(HttpStatusCode.OK);
        await api.Get("/v1/accounts?cursor=forged");
        return path;
    }

    private static async Task Changes(Exchanges exchanges, string account)
    {
        var api = exchanges.Api;
        foreach (var feed in new[] { account, "/v1" })
        {
            var page = (await api.Get($"{feed}/changes?limit=2&types=message.*,account.*")).Is(HttpStatusCode.OK);
            (await api.Get($"{feed}/changes?after={page.Text("nextAfter")}")).Is(HttpStatusCode.OK);
            (await api.Get($"{feed}/changes?after=nonsense")).Is(HttpStatusCode.BadRequest);
            (await api.Get($"{feed}/events?types=nonsense")).Is(HttpStatusCode.BadRequest);
            using var stream = await exchanges.Http.GetAsync(new Uri($"{feed}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        }
        (await api.Get($"{account}/changes?after=a_aaaaaaaa_1")).Is(HttpStatusCode.Gone);
        (await api.Post("/v1/tickets", new { })).Is(HttpStatusCode.OK);
        (await api.Post("/v1/tickets", new { scopes = new[] { "mail.read" }, accounts = new[] { "a" } })).Is(HttpStatusCode.OK);
        await api.Post("/v1/tickets", new { scopes = new[] { "all" } });
    }

    private static async Task Mailboxes(ApiClient api, string account)
    {
        var mailboxes = $"{account}/mailboxes";
        (await api.Get(mailboxes)).Is(HttpStatusCode.OK);
        (await api.Get($"{mailboxes}?fields=path,role")).Is(HttpStatusCode.OK);
        await api.Get($"{mailboxes}?fields=nonsense");
        var made = (await api.Post(mailboxes, new { path = "Projects/2026" }, ("Idempotency-Key", "mailbox"))).Is(HttpStatusCode.Created);
        var path = $"{mailboxes}/{made.Text("id")}";
        await api.Post(mailboxes, new { path = "Projects/2026" });
        (await api.Get(path)).Is(HttpStatusCode.OK);
        (await api.Get($"{mailboxes}/inbox")).Is(HttpStatusCode.OK);
        await api.Get($"{mailboxes}/junk");
        (await api.Patch(path, new { name = "2027", subscribed = false })).Is(HttpStatusCode.OK);
        await api.Patch($"{mailboxes}/inbox", new { name = "x" });
        (await api.Delete(path)).Is(HttpStatusCode.NoContent);
        await api.Get(path);
        await api.Delete(path);
        await api.Delete($"{mailboxes}/inbox");
    }

    private static async Task Messages(ApiClient api, string account)
    {
        var list = $"{account}/mailboxes/inbox/messages";
        (await api.Get($"{list}?limit=1")).Is(HttpStatusCode.OK);
        (await api.Get($"{list}?fields=subject,from&unseen=true")).Is(HttpStatusCode.OK);
        await api.Get($"{list}?limit=501");
        await api.Get($"{account}/mailboxes/b_aaaaaaaab/messages");
        var items = (await api.Get(list)).Is(HttpStatusCode.OK).Json.GetProperty("items");
        foreach (var item in items.EnumerateArray())
        {
            (await api.Get($"{account}/messages/{item.GetProperty("id").GetString()}")).Is(HttpStatusCode.OK);
        }
        await Reading(api, account, [.. items.EnumerateArray().Select(item => item.GetProperty("id").GetString()!)]);
        var message = $"{account}/messages/{items[0].GetProperty("id").GetString()}";
        (await api.Patch(message, new { flags = new { add = new[] { "$flagged", "own" } } })).Is(HttpStatusCode.OK);
        await api.Patch(message, new { });
        await api.Patch(message, new { mailboxId = "important" });
        (await api.Delete($"{message}?permanent=true")).Is(HttpStatusCode.NoContent);
        await api.Get(message);
        await api.Delete($"{account}/messages/m_nonsense");
    }

    private static async Task Reading(ApiClient api, string account, string[] ids)
    {
        (await api.Get($"{account}/messages?ids={string.Join(',', ids)},m_nonsense&body=text,html&headers=all")).Is(HttpStatusCode.OK);
        await api.Get($"{account}/messages");
        var message = $"{account}/messages/{ids[^1]}";
        (await api.Get($"{message}?body=text,html&headers=Subject,X-None&maxBodyBytes=5")).Is(HttpStatusCode.OK);
        (await api.Get($"{message}?body=html&html=document&images=remote&structure=true")).Is(HttpStatusCode.OK);
        await api.Get($"{message}?body=all");
        await api.Get($"{message}/html?images=none");
        var pages = await Task.WhenAll(ids.Select(id => api.Get($"{account}/messages/{id}/html")));
        Assert.Contains(pages, page => page.Status == HttpStatusCode.OK);
        foreach (var path in new[] { $"{message}/raw", $"{message}/parts/2" })
        {
            var whole = (await api.Get(path)).Is(HttpStatusCode.OK);
            var tag = whole.Headers.ETag!.ToString();
            (await api.Send(HttpMethod.Head, path, null)).Is(HttpStatusCode.OK);
            (await api.Get(path, ("Range", "bytes=0-3"), ("If-Range", tag))).Is(HttpStatusCode.PartialContent);
            (await api.Get(path, ("Range", "bytes=100000000-"))).Is(HttpStatusCode.RequestedRangeNotSatisfiable);
            (await api.Get(path, ("If-None-Match", tag))).Is(HttpStatusCode.NotModified);
            (await api.Get(path, ("If-Match", "\"other\""))).Is(HttpStatusCode.PreconditionFailed);
        }
        (await api.Get($"{message}/parts/9")).Is(HttpStatusCode.NotFound);
    }

    private static async Task Keys(ApiClient api, string account)
    {
        var made = (await api.Post("/v1/keys", new { name = "contract", scopes = new[] { "mail.read" }, accounts = new[] { account.Split('/')[^1] } })).Is(HttpStatusCode.Created);
        var path = $"/v1/keys/{made.Text("id")}";
        await api.Post("/v1/keys", new { name = "contract", scopes = new[] { "nonsense" } });
        await api.Post("/v1/keys", new { name = "late", scopes = new[] { "mail.read" }, expiresAt = "2020-01-01T00:00:00Z" });
        (await api.Get("/v1/keys?limit=1")).Is(HttpStatusCode.OK);
        (await api.Get(path)).Is(HttpStatusCode.OK);
        (await api.Patch(path, new { expiresAt = "2100-01-01T00:00:00Z" })).Is(HttpStatusCode.OK);
        await api.Patch(path, new { name = "" });
        (await api.Delete(path)).Is(HttpStatusCode.NoContent);
        await api.Get(path);
    }

    private static async Task Webhooks(ApiClient api, string account, World world)
    {
        await using var receiver = await Receiver.Start();
        var id = account.Split('/')[^1];
        var made = (await api.Post("/v1/webhooks", new { url = receiver.Url(), accounts = new[] { id }, headers = new { Authorization = "Bearer x" } }, ("Idempotency-Key", id))).Is(HttpStatusCode.Created);
        var path = $"/v1/webhooks/{made.Text("id")}";
        await api.Post("/v1/webhooks", new { url = "nowhere", types = new[] { "nonsense" } });
        (await api.Get("/v1/webhooks?limit=1")).Is(HttpStatusCode.OK);
        (await api.Get(path)).Is(HttpStatusCode.OK);
        (await api.Patch(path, new { description = "contract", types = new[] { "message.*" } })).Is(HttpStatusCode.OK);
        await api.Patch(path, new { order = "nonsense" });
        (await api.Post($"{path}/test")).Is(HttpStatusCode.OK);
        (await api.Post($"{path}/rotate-secret")).Is(HttpStatusCode.OK);
        (await api.Post($"{path}/pause")).Is(HttpStatusCode.OK);
        (await api.Post($"{path}/resume")).Is(HttpStatusCode.OK);
        await world.Deliver("told of");
        (await api.Get($"{account}/mailboxes/inbox/messages?limit=1")).Is(HttpStatusCode.OK);
        await receiver.Has(2);
        await TestWait.For(async () => (await api.Get($"{path}/deliveries?state=delivered&limit=1")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength() == 1);
        var delivery = $"{path}/deliveries/{receiver.Calls[1].Id}";
        (await api.Get(delivery)).Is(HttpStatusCode.OK);
        (await api.Post($"{delivery}/redeliver")).Is(HttpStatusCode.Accepted);
        (await api.Post($"{path}/replay", new { account = id, after = "0" })).Is(HttpStatusCode.Accepted);
        await api.Post($"{path}/replay", new { account = "nobody", after = "0" });
        await api.Get($"{path}/deliveries?state=nonsense");
        await api.Get($"{path}/deliveries/e_nonsense");
        (await api.Delete(path)).Is(HttpStatusCode.NoContent);
        await api.Get(path);
    }
}
