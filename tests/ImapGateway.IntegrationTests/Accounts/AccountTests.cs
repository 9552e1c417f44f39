using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>Accounts as API clients see them, on servers of each test's own.</summary>
public sealed class AccountTests : IAsyncLifetime
{
    private readonly ScriptedImapServer _server = ScriptedImapServer.Start();
    private GatewayProcess _gateway = null!;
    private ApiClient _api = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await SharedServers.Gateway;
        _api = new ApiClient(_gateway);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string NewId() => $"t-{Guid.NewGuid():N}";

    private object Body(string? id = null, string password = "pass", object? metadata = null, string? email = null, string? name = null, object? smtp = null, int? port = null) => new
    {
        id,
        name,
        email = email ?? "anna@example.com",
        metadata,
        watch = "none",
        imap = new { host = "127.0.0.1", port = port ?? _server.Port, security = "none", username = "anna", password },
        smtp,
    };

    private async Task<ApiAccount> Add(string? id = null, string password = "pass", object? smtp = null)
    {
        var answer = (await _api.Post("/v1/accounts", Body(id ?? NewId(), password, smtp: smtp))).Is(HttpStatusCode.Created);
        return new ApiAccount(_api, answer.Text("id"));
    }

    private int Logins => _server.CountOf("AUTHENTICATE");

    [Fact]
    public async Task A_new_account_is_verified_stored_and_read_back_without_secrets()
    {
        var id = NewId();
        var added = (await _api.Post("/v1/accounts", Body(id, metadata: new { customer = "7" }))).Is(HttpStatusCode.Created);
        Assert.Equal($"/v1/accounts/{id}", added.Headers.Location?.ToString());
        var read = (await _api.Get($"/v1/accounts/{id}")).Is(HttpStatusCode.OK);
        Assert.Equal(("connected", "anna", "7"), (read.Text("state"), read.Text("imap", "username"), read.Text("metadata", "customer")));
        Assert.DoesNotContain("pass", read.Text.Replace("password", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("UIDPLUS", read.Json.GetProperty("capabilities").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal(1, Logins);
    }

    [Fact]
    public async Task A_wrong_password_is_424_with_the_servers_words_one_login_and_nothing_stored()
    {
        var id = NewId();
        var answer = (await _api.Post("/v1/accounts", Body(id, "wrong"))).Is((HttpStatusCode)424).IsProblem("account.auth_failed");
        Assert.Equal(("AUTHENTICATIONFAILED", "wrong user name or password"), (answer.Text("upstream", "code"), answer.Text("upstream", "text")));
        Assert.Equal(1, Logins);
        (await _api.Get($"/v1/accounts/{id}")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Verification_can_be_left_out()
    {
        var answer = (await _api.Post("/v1/accounts?verify=false", Body(NewId(), "wrong"))).Is(HttpStatusCode.Created);
        Assert.Equal(("connecting", 0), (answer.Text("state"), _server.Connections));
        var account = new ApiAccount(_api, answer.Text("id"));
        (await _api.Get(account.Mailboxes)).IsProblem("account.auth_failed");
        Assert.Equal("auth_failed", (await _api.Get(account.Path)).Text("state"));
    }

    [Fact]
    public async Task Of_two_that_take_one_id_at_once_one_is_told_that_it_is_taken()
    {
        var id = NewId();
        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => _api.Post("/v1/accounts", Body(id))));
        Assert.Equal([201, 409], answers.Select(answer => (int)answer.Status).Order());
        (await _api.Post("/v1/accounts", Body(id))).IsProblem("conflict");
    }

    [Fact]
    public async Task Accounts_are_found_by_address_and_notes_page_by_page()
    {
        var email = $"{Guid.NewGuid():N}@example.com";
        var ids = Enumerable.Range(0, 5).Select(_ => NewId()).Order(StringComparer.Ordinal).ToList();
        foreach (var (id, i) in ids.Select((id, i) => (id, i)))
        {
            (await _api.Post("/v1/accounts?verify=false", Body(id, email: email, metadata: new { even = i % 2 == 0 ? "yes" : "no", batch = email }))).Is(HttpStatusCode.Created);
        }
        var first = (await _api.Get($"/v1/accounts?email={email}&limit=2")).Is(HttpStatusCode.OK);
        var second = (await _api.Get($"/v1/accounts?email={email}&limit=2&cursor={first.Text("nextCursor")}")).Is(HttpStatusCode.OK);
        var third = (await _api.Get($"/v1/accounts?email={email}&limit=2&cursor={second.Text("nextCursor")}")).Is(HttpStatusCode.OK);
        Assert.Equal(ids, new[] { first, second, third }.SelectMany(page => page.Json.GetProperty("items").EnumerateArray()).Select(one => one.GetProperty("id").GetString()));
        Assert.Null(third.Json.GetProperty("nextCursor").GetString());
        var even = (await _api.Get($"/v1/accounts?metadata.even=yes&metadata.batch={email}")).Is(HttpStatusCode.OK);
        Assert.Equal([ids[0], ids[2], ids[4]], even.Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("id").GetString()));
        // A cursor belongs to its filters.
        (await _api.Get($"/v1/accounts?limit=2&cursor={first.Text("nextCursor")}")).IsProblem("bad_request");
    }

    [Fact]
    public async Task Put_adds_or_replaces()
    {
        var id = NewId();
        (await _api.Put($"/v1/accounts/{id}", Body(metadata: new { a = "1", b = "2" }))).Is(HttpStatusCode.Created);
        var replaced = (await _api.Put($"/v1/accounts/{id}", Body(name: "Anna", metadata: new { b = "3" }))).Is(HttpStatusCode.OK);
        Assert.Equal(("Anna", """{"b":"3"}"""), (replaced.Text("name"), replaced.Json.GetProperty("metadata").GetRawText()));
        var named = (await _api.Put($"/v1/accounts/{id}", Body(NewId()))).IsProblem("bad_request");
        Assert.Equal("/id", named.Pointer());
    }

    [Fact]
    public async Task Patch_merges_and_leaves_connections_alone_where_only_notes_change()
    {
        var account = await Add();
        await account.Items(account.Mailboxes);
        var connections = _server.Connections;
        (await _api.Patch(account.Path, new { name = "B", metadata = new { x = "1", y = "2" } })).Is(HttpStatusCode.OK);
        var patched = (await _api.Patch(account.Path, new { metadata = new { x = (string?)null } })).Is(HttpStatusCode.OK);
        Assert.Equal(("B", """{"y":"2"}"""), (patched.Text("name"), patched.Json.GetProperty("metadata").GetRawText()));
        Assert.Equal("B", (await _api.Get(account.Path)).Text("name"));
        await account.Items(account.Mailboxes);
        Assert.Equal(connections, _server.Connections);
    }

    [Fact]
    public async Task New_credentials_close_the_sessions_of_the_old_ones()
    {
        var account = await Add();
        await account.Items(account.Mailboxes);
        await _server.WaitForConnections(made: 2, open: 1);
        _server.Options = _server.Options with { Password = "second" };
        (await _api.Patch(account.Path, new { imap = new { password = "second" } })).Is(HttpStatusCode.OK);
        await _server.WaitForConnections(made: 3, open: 0);
        await account.Items(account.Mailboxes);
        Assert.Equal(4, _server.Connections);
    }

    [Fact]
    public async Task A_change_that_cannot_be_verified_changes_nothing()
    {
        var account = await Add();
        var before = (await _api.Get(account.Path)).Text;
        (await _api.Patch(account.Path, new { name = "other", imap = new { password = "wrong" } })).IsProblem("account.auth_failed");
        (await _api.Put(account.Path, Body(password: "wrong", name: "other"))).IsProblem("account.auth_failed");
        Assert.Equal(before, (await _api.Get(account.Path)).Text);
        await account.Items(account.Mailboxes);
    }

    public static TheoryData<string, object> NewPlaces => new()
    {
        { "/imap/password", new { imap = new { host = "localhost" } } },
        { "/imap/password", new { imap = new { port = -1 } } },
        { "/imap/password", new { imap = new { username = "ben" } } },
        { "/imap/password", new { imap = new { security = "tls" } } },
        { "/imap/password", new { imap = new { allowInvalidCertificate = true } } },
        { "/smtp/password", new { smtp = new { host = "127.0.0.1", port = -1, security = "none" } } },
    };

    [Theory, MemberData(nameof(NewPlaces))]
    public async Task A_stored_credential_is_never_sent_to_a_new_place(string pointer, object patch)
    {
        await using var elsewhere = ScriptedImapServer.Start();
        var account = await Add();
        var seen = _server.Connections;
        var text = System.Text.Json.JsonSerializer.Serialize(patch).Replace("-1", $"{elsewhere.Port}", StringComparison.Ordinal);
        var body = System.Text.Json.JsonElement.Parse(text);
        foreach (var query in new[] { "", "?verify=false" })
        {
            var answer = (await _api.Patch(account.Path + query, body)).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
            Assert.Equal(pointer, answer.Pointer());
        }
        Assert.Equal((0, seen), (elsewhere.Connections, _server.Connections));
    }

    [Fact]
    public async Task A_stored_credential_of_smtp_does_not_follow_it_to_a_new_place()
    {
        await using var first = SmtpSink.Start(new() { Tls = SmtpTls.None, Password = "for smtp" });
        await using var second = SmtpSink.Start(new() { Tls = SmtpTls.None, Password = "for smtp" });
        var account = await Add(smtp: new { host = SmtpSink.Host, port = first.Port, security = "none", username = "anna", password = "for smtp" });
        // The credential of IMAP comes along, and is what the new place gets; the one stored for SMTP would have been right there.
        var answer = await _api.Patch(account.Path, new { imap = new { password = "pass" }, smtp = new { port = second.Port } });
        answer.Is((HttpStatusCode)424).IsProblem("account.auth_failed");
        // Where SMTP stays, its own credential stays with it.
        (await _api.Patch(account.Path, new { imap = new { password = "pass" } })).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Verify_tells_for_each_server_what_came_of_it()
    {
        await using var smtp = SmtpSink.Start(new() { Tls = SmtpTls.None });
        object Smtp(string? password, int? port = null) => new { host = SmtpSink.Host, port = port ?? smtp.Port, security = "none", username = "anna", password };
        var good = (await _api.Post("/v1/accounts/verify", Body(smtp: Smtp(null)))).Is(HttpStatusCode.OK);
        Assert.True(good.Json.GetProperty("imap").GetProperty("ok").GetBoolean() && good.Json.GetProperty("smtp").GetProperty("ok").GetBoolean(), good.Text);
        var bad = (await _api.Post("/v1/accounts/verify", Body(password: "wrong", smtp: Smtp("wrong too")))).Is(HttpStatusCode.OK);
        Assert.Equal(("account.auth_failed", "account.auth_failed", "535"), (bad.Text("imap", "code"), bad.Text("smtp", "code"), bad.Text("smtp", "upstream", "code")));
        var away = (await _api.Post("/v1/accounts/verify", Body(port: FreePort.Next(), smtp: Smtp(null, FreePort.Next())))).Is(HttpStatusCode.OK);
        Assert.Equal(("account.unavailable", "account.unavailable"), (away.Text("imap", "code"), away.Text("smtp", "code")));
    }

    [Fact]
    public async Task Credentials_that_stop_working_are_not_tried_again_until_they_change()
    {
        var account = await Add();
        await account.Items(account.Mailboxes);
        _server.Options = _server.Options with { Password = "changed" };
        _server.Farewell("* BYE your password was changed");
        await _server.WaitForConnections(made: 2, open: 0);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _api.Get(account.Mailboxes)));
        Assert.All(answers, answer => answer.Is((HttpStatusCode)424).IsProblem("account.auth_failed"));
        Assert.Equal(3, Logins);
        var state = (await _api.Get(account.Path)).Is(HttpStatusCode.OK);
        Assert.Equal(("auth_failed", "account.auth_failed"), (state.Text("state"), state.Text("lastError", "code")));

        (await _api.Patch(account.Path, new { imap = new { password = "changed" } })).Is(HttpStatusCode.OK);
        await account.Items(account.Mailboxes);
        Assert.Equal("connected", (await _api.Get(account.Path)).Text("state"));
        Assert.Equal(5, Logins);
    }

    [Fact]
    public async Task An_account_whose_server_is_away_recovers_by_itself()
    {
        await using var tap = TapProxy.Start(_server.Port);
        var added = (await _api.Post("/v1/accounts", Body(NewId(), port: tap.Port))).Is(HttpStatusCode.Created);
        var account = new ApiAccount(_api, added.Text("id"));
        tap.GoDown();
        (await _api.Get(account.Mailboxes)).Is(HttpStatusCode.ServiceUnavailable).IsProblem("account.unavailable");
        var state = await _api.Get(account.Path);
        Assert.Equal(("unavailable", "account.unavailable"), (state.Text("state"), state.Text("lastError", "code")));
        tap.ComeBack();
        while ((await _api.Get(account.Mailboxes)) is { Status: not HttpStatusCode.OK } still)
        {
            still.IsProblem("account.unavailable");
            await Task.Delay(still.Headers.RetryAfter!.Delta!.Value);
        }
        Assert.Equal("connected", (await _api.Get(account.Path)).Text("state"));
    }

    [Fact]
    public async Task A_removed_account_is_gone_at_once_and_its_id_is_free_for_another()
    {
        _server.Inbox.Add("one");
        var account = await Add();
        var message = await account.Newest();
        var mailbox = message.GetProperty("mailboxId").GetString()!;
        (await _api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
        foreach (var path in new[] { account.Path, account.Mailboxes, account.Message(message.GetProperty("id").GetString()!) })
        {
            (await _api.Get(path)).Is(HttpStatusCode.NotFound).IsProblem("not_found");
        }
        (await _api.Delete(account.Path)).Is(HttpStatusCode.NotFound);
        (await _api.Patch(account.Path, new { name = "x" })).Is(HttpStatusCode.NotFound);
        await _server.WaitForConnections(made: _server.Connections, open: 0);

        await Add(account.Id);
        (await _api.Get(account.Message(message.GetProperty("id").GetString()!))).Is(HttpStatusCode.Gone).IsProblem("gone");
        (await _api.Get(account.Messages(mailbox))).Is(HttpStatusCode.Gone).IsProblem("gone");
        Assert.NotEqual(message.GetProperty("id").GetString(), (await account.Newest()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Many_who_ask_at_once_for_an_account_that_is_not_there_are_all_told_so()
    {
        var path = $"/v1/accounts/{NewId()}";
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            for (var again = 0; again < 60; again++)
            {
                (await _api.Get(i % 2 == 0 ? path : $"{path}/mailboxes")).Is(HttpStatusCode.NotFound).IsProblem("not_found");
            }
        }));
    }

    [Fact]
    public async Task An_account_that_is_removed_or_changed_under_load_answers_cleanly()
    {
        for (var i = 0; i < 20; i++)
        {
            _server.Inbox.Add($"number {i}");
        }
        var account = await Add();
        using var enough = new CancellationTokenSource();
        var seen = new Journal<ApiAnswer>();
        var readers = Enumerable.Range(0, 8).Select(async i =>
        {
            while (!enough.IsCancellationRequested)
            {
                seen.Add(await _api.Get(i % 2 == 0 ? account.Messages("inbox", "?subject=number") : account.Mailboxes));
            }
        }).ToList();
        for (var i = 1; i <= 5; i++)
        {
            var before = seen.Count(answer => answer.Status == HttpStatusCode.OK);
            (await _api.Patch(account.Path, new { imap = new { password = "pass" } })).Is(HttpStatusCode.OK);
            await seen.AtLeast(before + 20, answer => answer.Status == HttpStatusCode.OK);
        }
        (await _api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
        (await _api.Get(account.Mailboxes)).Is(HttpStatusCode.NotFound);
        await enough.CancelAsync();
        await Task.WhenAll(readers);
        Assert.All(seen.Entries, answer => Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.ServiceUnavailable, answer.Text));
        Assert.All(seen.Entries.Where(answer => answer.Status != HttpStatusCode.OK), answer => answer.IsProblem(answer.Text("code")));
        await _server.WaitForConnections(made: _server.Connections, open: 0);
    }

    [Theory]
    [InlineData("""{"email":"nobody","imap":{}}""", "/email", "/imap/host", "/imap/password")]
    [InlineData("""{"id":"a b","email":"a@b","imap":{"host":"h","password":"p","accessToken":"t"}}""", "/id", "/imap/accessToken")]
    [InlineData("""{"email":"a@b","imap":{"host":"h","password":"p","port":70000,"username":""}}""", "/imap/port", "/imap/username")]
    public async Task Every_mistake_is_named_at_once(string body, params string[] pointers)
    {
        var answer = (await _api.Post("/v1/accounts", System.Text.Json.JsonElement.Parse(body))).Is(HttpStatusCode.BadRequest);
        Assert.Equal(pointers, answer.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()));
    }
}
