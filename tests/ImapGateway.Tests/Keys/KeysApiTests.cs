using System.Text;
using ImapGateway.Access;
using ImapGateway.Keys;
using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ImapGateway.Tests.Keys;

public sealed class KeysApiTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(v1 =>
        v1.MapGet("/accounts/{account}/whoami", (string account, Caller caller) => new { caller.KeyId, scopes = Scopes.NamesOf(caller.Scopes), account }).Requires(Scope.MailReadBasic));

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private async Task<int> Use(string key, string account = "a") => (await _gateway.Send("GET", $"/v1/accounts/{account}/whoami", key: key)).Status;

    [Fact]
    public async Task A_new_key_shows_its_value_once()
    {
        var created = await _gateway.Send("POST", "/v1/keys", """{"name":"CI","scopes":["mail.read","mail.write"],"accounts":["a","b"],"expiresAt":"2026-06-30T00:00:00Z"}""");

        Assert.Equal(201, created.Status);
        var value = created.Json.GetProperty("key").GetString()!;
        Assert.Matches("^igk_[A-Za-z0-9_-]{43}$", value);
        var id = created.Json.GetProperty("id").GetString()!;
        Assert.Matches("^key_[a-z0-9]+$", id);
        Assert.Equal($"/v1/keys/{id}", created.Header("Location"));
        var read = await _gateway.Send("GET", $"/v1/keys/{id}");
        Assert.Equal(
            $$"""{"id":"{{id}}","name":"CI","scopes":["mail.read","mail.write"],"accounts":["a","b"],"expiresAt":"2026-06-30T00:00:00Z","createdAt":"2026-05-31T12:00:00Z","createdBy":null,"lastUsedAt":null,"hint":"{{value[..8]}}"}""",
            read.Text);
        Assert.Equal(created.Text.Replace($",\"key\":\"{value}\"", "", StringComparison.Ordinal), read.Text);
        Assert.DoesNotContain(value, (await _gateway.Send("GET", "/v1/keys")).Text);
    }

    [Fact]
    public async Task A_value_is_neither_in_the_database_nor_in_the_log()
    {
        var created = await _gateway.Send("POST", "/v1/keys", new { name = "CI", scopes = new[] { "mail.read" } }, headers: ("Idempotency-Key", "one"));
        var again = await _gateway.Send("POST", "/v1/keys", new { name = "CI", scopes = new[] { "mail.read" } }, headers: ("Idempotency-Key", "one"));
        var value = created.Json.GetProperty("key").GetString()!;
        Assert.Equal(value, again.Json.GetProperty("key").GetString());
        Assert.Equal(("no-store", "no-store"), (created.Header("Cache-Control"), again.Header("Cache-Control")));
        Assert.Equal(200, await Use(value));

        foreach (var secret in new[] { value[4..], value[12..], TestGateway.AdminKey })
        {
            Assert.DoesNotContain(_gateway.Log.Lines, line => line.Text.Contains(secret));
            foreach (var file in Directory.GetFiles(_gateway.Folder, "test.db*"))
            {
                Assert.DoesNotContain(secret, Encoding.Latin1.GetString(File.ReadAllBytes(file)));
            }
        }
    }

    [Fact]
    public async Task A_value_works_until_the_key_is_deleted()
    {
        var (id, value) = await _gateway.NewKey(["mail.read"]);
        Assert.Equal(200, await Use(value));

        Assert.Equal(204, (await _gateway.Send("DELETE", $"/v1/keys/{id}")).Status);

        Assert.Equal(401, await Use(value));
        Assert.Equal(404, (await _gateway.Send("GET", $"/v1/keys/{id}")).Status);
        Assert.Equal(404, (await _gateway.Send("DELETE", $"/v1/keys/{id}")).Status);
        Assert.Equal(404, (await _gateway.Send("PATCH", $"/v1/keys/{id}", "{}")).Status);
    }

    [Fact]
    public async Task A_key_ends_when_its_time_has_come_though_it_was_just_used()
    {
        var (_, value) = await _gateway.NewKey(["mail.read"], expiresAt: _gateway.Time.GetUtcNow().AddMinutes(10));
        _gateway.Time.Advance(TimeSpan.FromMinutes(9.99));
        Assert.Equal(200, await Use(value));

        _gateway.Time.Advance(TimeSpan.FromMinutes(0.01));

        Assert.Equal(401, await Use(value));
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_counts_at_once()
    {
        var (id, value) = await _gateway.NewKey(["mail.read"], ["a"], _gateway.Time.GetUtcNow().AddDays(1));
        Assert.Equal((200, 404), (await Use(value), await Use(value, "b")));

        var renamed = await _gateway.Send("PATCH", $"/v1/keys/{id}", """{"name":"new"}""", headers: ("Content-Type", "application/merge-patch+json"));
        Assert.Equal("new", renamed.Json.GetProperty("name").GetString());
        Assert.Equal(1, renamed.Json.GetProperty("accounts").GetArrayLength());
        Assert.Equal("2026-06-01T12:00:00Z", renamed.Json.GetProperty("expiresAt").GetString());

        var widened = await _gateway.Send("PATCH", $"/v1/keys/{id}", """{"accounts":null,"expiresAt":null}""");
        Assert.Equal("null null", $"{widened.Json.GetProperty("accounts").GetRawText()} {widened.Json.GetProperty("expiresAt").GetRawText()}");
        Assert.Equal(200, await Use(value, "b"));

        await _gateway.Send("PATCH", $"/v1/keys/{id}", """{"scopes":["webhooks"]}""");
        Assert.Equal(403, await Use(value));
    }

    [Theory]
    [InlineData("""{"scopes":["mail.read"]}""", 400, "/name")]
    [InlineData("""{"name":"","scopes":["mail.read"]}""", 400, "/name")]
    [InlineData("""{"name":"a\nb","scopes":["mail.read"]}""", 400, "/name")]
    [InlineData("""{"name":"a","scopes":[]}""", 400, "/scopes")]
    [InlineData("""{"name":"a","scopes":["mail.read","all"]}""", 400, "/scopes/1")]
    [InlineData("""{"name":"a","scopes":[null]}""", 400, "/scopes/0")]
    [InlineData("""{"name":"a","scopes":"admin"}""", 400, "/scopes")]
    [InlineData("""{"name":"a","scopes":["admin"],"accounts":[]}""", 400, "/accounts")]
    [InlineData("""{"name":"a","scopes":["admin"],"accounts":["ok","../b"]}""", 400, "/accounts/1")]
    [InlineData("""{"name":"a","scopes":["admin"],"expiresAt":"2026-05-31T12:00:00Z"}""", 422, "/expiresAt")]
    [InlineData("""{"name":"a","scopes":["admin"],"key":"mine"}""", 400, "/key")]
    public async Task A_wrong_member_is_refused(string json, int status, string pointer)
    {
        var answer = await _gateway.Send("POST", "/v1/keys", json);

        Assert.Equal((status, pointer), (answer.Status, Assert.Single(answer.Errors).Key));
        Assert.Equal(0, (await _gateway.Send("GET", "/v1/keys")).Json.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("""{"name":null}""", "/name")]
    [InlineData("""{"scopes":null}""", "/scopes")]
    [InlineData("""{"scopes":["x"]}""", "/scopes/0")]
    [InlineData("""{"createdBy":"me"}""", "/createdBy")]
    public async Task A_wrong_patch_is_refused(string json, string pointer)
    {
        var (id, _) = await _gateway.NewKey(["mail.read"]);

        var answer = await _gateway.Send("PATCH", $"/v1/keys/{id}", json);

        Assert.Equal((400, pointer), (answer.Status, Assert.Single(answer.Errors).Key));
    }

    [Fact]
    public async Task Keys_need_the_admin_scope()
    {
        var (id, value) = await _gateway.NewKey(["mail.read", "mail.write", "mail.send", "accounts", "webhooks"]);

        Assert.Equal(403, (await _gateway.Send("GET", "/v1/keys", key: value)).Status);
        Assert.Equal(403, (await _gateway.Send("POST", "/v1/keys", new { name = "x", scopes = new[] { "mail.read" } }, value)).Status);
        Assert.Equal(403, (await _gateway.Send("DELETE", $"/v1/keys/{id}", key: value)).Status);
    }

    [Fact]
    public async Task A_list_pages_through_all_keys_newest_first()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, (await _gateway.NewKey(["mail.read"])).Id);
            _gateway.Time.Advance(TimeSpan.FromMilliseconds(1));
        }
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await _gateway.Send("GET", "/v1/keys?limit=2" + (cursor is null ? "" : "&cursor=" + cursor));
            seen.AddRange(page.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
            cursor = page.Json.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(ids, seen);
    }

    [Fact]
    public async Task Keys_of_one_instant_are_all_listed()
    {
        for (var i = 0; i < 4; i++)
        {
            await _gateway.NewKey(["mail.read"]);
        }
        var first = await _gateway.Send("GET", "/v1/keys?limit=3");
        var second = await _gateway.Send("GET", "/v1/keys?limit=3&cursor=" + first.Json.GetProperty("nextCursor").GetString());

        Assert.Equal(4, first.Json.GetProperty("items").EnumerateArray().Concat(second.Json.GetProperty("items").EnumerateArray()).Select(item => item.GetProperty("id").GetString()).Distinct().Count());
    }

    [Theory]
    [InlineData("zzz")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_forged_cursor_is_refused(string cursor)
    {
        var answer = await _gateway.Send("GET", "/v1/keys?cursor=" + cursor);

        Assert.Equal((400, "cursor"), (answer.Status, Assert.Single(answer.Errors).Key));
    }

    [Fact]
    public async Task A_limited_key_makes_and_sees_keys_within_its_accounts_only()
    {
        var (outsider, _) = await _gateway.NewKey(["mail.read"]);
        var (limitedId, limited) = await _gateway.NewKey(["admin"], ["a", "b"]);

        var beyond = await _gateway.Send("POST", "/v1/keys", new { name = "x", scopes = new[] { "mail.read" }, accounts = new[] { "a", "c" } }, limited);
        Assert.Equal((403, "/accounts/1"), (beyond.Status, Assert.Single(beyond.Errors).Key));

        var (child, childValue) = await _gateway.NewKey(["admin"], ["a"], key: limited);
        var (grandchild, _) = await _gateway.NewKey(["mail.read"], key: childValue);
        Assert.Equal(new[] { child, grandchild }.Order(), await Listed(limited));
        Assert.Equal([grandchild], await Listed(childValue));
        Assert.Equal(new[] { outsider, limitedId, child, grandchild }.Order(), await Listed(TestGateway.AdminKey));
        Assert.Equal(404, (await _gateway.Send("GET", $"/v1/keys/{outsider}", key: limited)).Status);
        Assert.Equal(404, (await _gateway.Send("DELETE", $"/v1/keys/{outsider}", key: limited)).Status);
        Assert.Equal(404, (await _gateway.Send("PATCH", $"/v1/keys/{limitedId}", """{"accounts":null}""", limited)).Status);
        Assert.Equal(200, (await _gateway.Send("PATCH", $"/v1/keys/{grandchild}", """{"name":"n"}""", limited)).Status);

        async Task<IEnumerable<string>> Listed(string key) =>
            (await _gateway.Send("GET", "/v1/keys", key: key)).Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!).Order();
    }

    [Fact]
    public async Task A_key_without_accounts_of_its_own_sees_what_its_maker_may_see()
    {
        var (_, limited) = await _gateway.NewKey(["admin"], ["a"]);
        var (_, child) = await _gateway.NewKey(["mail.read"], key: limited);

        Assert.Equal((200, 404), (await Use(child, "a"), await Use(child, "b")));
    }

    [Fact]
    public async Task Narrowing_a_maker_narrows_what_it_made_at_once()
    {
        var (parentId, parent) = await _gateway.NewKey(["admin"], ["a", "b"]);
        var (_, child) = await _gateway.NewKey(["mail.read"], ["a", "b"], key: parent);
        Assert.Equal((200, 200), (await Use(child, "a"), await Use(child, "b")));

        await _gateway.Send("PATCH", $"/v1/keys/{parentId}", """{"accounts":["b","c"]}""");
        Assert.Equal((404, 200, 404), (await Use(child, "a"), await Use(child, "b"), await Use(child, "c")));

        await _gateway.Send("PATCH", $"/v1/keys/{parentId}", """{"scopes":["webhooks"]}""");
        Assert.Equal(403, await Use(child, "b"));
    }

    [Fact]
    public async Task Deleting_a_maker_deletes_what_it_made()
    {
        var (parentId, parent) = await _gateway.NewKey(["admin"]);
        var (child, childValue) = await _gateway.NewKey(["admin"], key: parent);
        var (grandchild, grandchildValue) = await _gateway.NewKey(["mail.read"], key: childValue);
        Assert.Equal(200, await Use(grandchildValue));

        await _gateway.Send("DELETE", $"/v1/keys/{parentId}");

        Assert.Equal((401, 401), (await Use(childValue), await Use(grandchildValue)));
        Assert.Equal((404, 404), ((await _gateway.Send("GET", $"/v1/keys/{child}")).Status, (await _gateway.Send("GET", $"/v1/keys/{grandchild}")).Status));
    }

    [Fact]
    public async Task A_key_ends_with_its_maker()
    {
        var (_, parent) = await _gateway.NewKey(["admin"], expiresAt: _gateway.Time.GetUtcNow().AddMinutes(10));
        var (_, child) = await _gateway.NewKey(["mail.read"], expiresAt: _gateway.Time.GetUtcNow().AddDays(10), key: parent);
        Assert.Equal(200, await Use(child));

        _gateway.Time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(401, await Use(child));
    }

    [Fact]
    public async Task An_unlimited_admin_key_sees_all_and_changes_neither_itself_nor_its_makers()
    {
        var (parentId, parent) = await _gateway.NewKey(["admin"]);
        var (childId, child) = await _gateway.NewKey(["admin"], expiresAt: _gateway.Time.GetUtcNow().AddDays(1), key: parent);
        var (otherId, _) = await _gateway.NewKey(["mail.read"]);

        Assert.Equal(200, (await _gateway.Send("PATCH", $"/v1/keys/{otherId}", """{"name":"n"}""", child)).Status);
        Assert.Equal(403, (await _gateway.Send("PATCH", $"/v1/keys/{childId}", """{"expiresAt":null}""", child)).Status);
        Assert.Equal(403, (await _gateway.Send("PATCH", $"/v1/keys/{parentId}", """{"name":"n"}""", child)).Status);
        Assert.Equal(403, (await _gateway.Send("DELETE", $"/v1/keys/{parentId}", key: child)).Status);
    }

    [Fact]
    public async Task Keys_that_make_keys_go_only_so_deep()
    {
        var key = TestGateway.AdminKey;
        for (var i = 0; i < KeyChain.MaxLength; i++)
        {
            key = (await _gateway.NewKey(["admin"], key: key)).Value;
        }

        Assert.Equal(422, (await _gateway.Send("POST", "/v1/keys", new { name = "x", scopes = new[] { "mail.read" } }, key)).Status);
    }

    [Fact]
    public async Task The_last_use_is_shown_at_once_and_written_within_a_minute()
    {
        var (id, value) = await _gateway.NewKey(["mail.read"]);
        _gateway.Time.Advance(TimeSpan.FromSeconds(5));
        await Use(value);
        Assert.Equal("2026-05-31T12:00:05Z", await Shown());

        await _gateway.Services.GetRequiredService<KeyLookup>().FlushUsesAsync(TestContext.Current.CancellationToken);
        Assert.Null(_gateway.Services.GetRequiredService<KeyLookup>().LastUse(id));
        Assert.Equal("2026-05-31T12:00:05Z", await Shown());

        async Task<string?> Shown() => (await _gateway.Send("GET", $"/v1/keys/{id}")).Json.GetProperty("lastUsedAt").GetString();
    }

    [Fact]
    public async Task A_use_before_the_end_of_the_process_is_written()
    {
        var (id, value) = await _gateway.NewKey(["mail.read"]);
        await Use(value);
        await _gateway.StopAsync();
        await _gateway.DisposeButKeepFolderAsync();
        _gateway = await TestGateway.StartAsync(folder: _gateway.Folder);

        Assert.Equal("2026-05-31T12:00:00Z", (await _gateway.Send("GET", $"/v1/keys/{id}")).Json.GetProperty("lastUsedAt").GetString());
    }

    [Fact]
    public async Task The_routes_and_their_scopes_are_these()
    {
        await using var gateway = await TestGateway.StartAsync();

        Assert.Equal(
            """
            DELETE /v1/keys/{id} admin
            GET /v1/keys admin
            GET /v1/keys/{id} admin
            PATCH /v1/keys/{id} admin
            POST /v1/keys admin
            POST /v1/tickets mail.readBasic|mail.read|mail.write|mail.send|accounts|webhooks|admin

            """.ReplaceLineEndings("\n"),
            RouteTable.Of(gateway.Routes));
    }
}
