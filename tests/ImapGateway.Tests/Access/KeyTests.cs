using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace ImapGateway.Tests.Access;

public sealed class KeyTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(Map);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private static void Map(RouteGroupBuilder v1)
    {
        foreach (var scope in Enum.GetValues<Scope>().Where(scope => scope != Scope.None))
        {
            v1.MapGet("/scopes/" + Scopes.NamesOf(scope)[0], () => "ok").Requires(scope);
        }
        v1.MapGet("/undeclared", () => "ok");
        v1.MapPost("/things", (Thing thing) => thing.Name).Requires(Scope.MailRead);
        // As the accounts feature does it: what it does not know is refused with the same problem.
        v1.MapGet("/accounts/{account}/mail", string (string account) =>
            account is "a" or "b" ? account : throw new ProblemException(RouteRights.NoSuchAccount)).Requires(Scope.MailReadBasic);
    }

    public static TheoryData<string?> WrongKeys => new(
        null, "", "wrong", "igk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", TestGateway.AdminKey + "x", TestGateway.AdminKey[1..], new string('k', 5000));

    [Theory]
    [MemberData(nameof(WrongKeys))]
    public async Task Without_a_valid_key_every_path_below_v1_gives_the_same_answer(string? key)
    {
        (string Method, string Path)[] requests = [("GET", "/v1/keys"), ("GET", "/v1/nothing"), ("DELETE", "/v1/things"), ("GET", "/v1/keys?bad=1"), ("GET", "/v1/accounts/a/mail")];
        foreach (var (method, path) in requests)
        {
            var answer = await _gateway.Send(method, path, key: key);

            Assert.Equal((401, "unauthorized"), (answer.Status, answer.Code));
            Assert.Equal("Bearer", answer.Header("WWW-Authenticate"));
            Assert.Equal(RouteRights.KeyRequired.Detail, answer.Json.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task A_body_is_not_even_read_for_somebody_without_a_key()
    {
        var answer = await _gateway.Send("POST", "/v1/things", "not json", key: null);

        Assert.Equal(401, answer.Status);
    }

    [Theory]
    [InlineData("bearer " + TestGateway.AdminKey, 200)]
    [InlineData("Bearer   " + TestGateway.AdminKey, 200)]
    [InlineData("Basic " + TestGateway.AdminKey, 401)]
    [InlineData(TestGateway.AdminKey, 401)]
    [InlineData("Bearer " + TestGateway.AdminKey + ", Bearer x", 401)]
    public async Task Only_one_bearer_credential_counts(string header, int status)
    {
        var answer = await _gateway.Send("GET", "/v1/keys", key: null, headers: ("Authorization", header));

        Assert.Equal(status, answer.Status);
    }

    [Theory]
    [InlineData("mail.readBasic", "mail.readBasic")]
    [InlineData("mail.read", "mail.readBasic mail.read")]
    [InlineData("mail.write", "mail.write")]
    [InlineData("mail.send", "mail.send")]
    [InlineData("accounts", "accounts")]
    [InlineData("webhooks", "webhooks")]
    [InlineData("admin", "mail.readBasic mail.read mail.write mail.send accounts webhooks admin")]
    public async Task A_scope_opens_its_routes_and_no_others(string scope, string opens)
    {
        var (_, key) = await _gateway.NewKey([scope]);
        foreach (var name in Scopes.Names)
        {
            var answer = await _gateway.Send("GET", "/v1/scopes/" + name, key: key);

            Assert.Equal(opens.Split(' ').Contains(name) ? 200 : 403, answer.Status);
            if (answer.Status == 403)
            {
                Assert.Equal("forbidden", answer.Code);
                Assert.Equal($"The key needs the scope {name}.", answer.Json.GetProperty("detail").GetString());
            }
        }
    }

    [Fact]
    public async Task A_route_that_declares_no_scope_is_for_admins_and_fails_the_route_table()
    {
        var (_, key) = await _gateway.NewKey(["mail.read", "mail.write", "mail.send", "accounts", "webhooks"]);

        Assert.Equal(403, (await _gateway.Send("GET", "/v1/undeclared", key: key)).Status);
        Assert.Equal(200, (await _gateway.Send("GET", "/v1/undeclared")).Status);
        Assert.Contains("/v1/undeclared declares no scope", Assert.ThrowsAny<Exception>(() => RouteTable.Of(_gateway.Routes)).Message);
    }

    [Fact]
    public async Task An_account_outside_the_keys_is_like_one_that_does_not_exist()
    {
        var (_, key) = await _gateway.NewKey(["mail.read"], ["a", "gone"]);

        Assert.Equal("a", (await _gateway.Send("GET", "/v1/accounts/a/mail", key: key)).Text);
        var hidden = await _gateway.Send("GET", "/v1/accounts/b/mail", key: key);
        var missing = await _gateway.Send("GET", "/v1/accounts/gone/mail", key: key);
        Assert.Equal(404, hidden.Status);
        Assert.Equal(Shape(missing), Shape(hidden));

        static string Shape(Answer answer) =>
            answer.Text.Replace(answer.Json.GetProperty("traceId").GetString()!, "", StringComparison.Ordinal) + string.Join(';', answer.Headers.Select(header => header.Key).Order());
    }

    [Fact]
    public async Task An_unlimited_key_sees_every_account()
    {
        var (_, key) = await _gateway.NewKey(["mail.readBasic"]);

        Assert.Equal("b", (await _gateway.Send("GET", "/v1/accounts/b/mail", key: key)).Text);
    }

    [Fact]
    public async Task Without_a_configured_admin_key_one_is_made_and_kept_in_a_file_for_the_owner_alone()
    {
        var settings = new Dictionary<string, string?> { ["Auth:AdminKey"] = "" };
        var first = await TestGateway.StartAsync(settings: settings);
        var file = Path.Combine(first.Folder, "admin.key");
        var key = File.ReadAllText(file).Trim();
        Assert.Matches("^igk_[A-Za-z0-9_-]{43}$", key);
        Assert.Equal(200, (await first.Send("GET", "/v1/keys", key: key)).Status);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
        Assert.Contains(first.Log.Lines, line => line.Text == $"The admin key is in {file}");
        Assert.DoesNotContain(first.Log.Lines, line => line.Text.Contains(key));
        await first.DisposeButKeepFolderAsync();

        await using var second = await TestGateway.StartAsync(settings: settings, folder: first.Folder);
        Assert.Equal(key, File.ReadAllText(file).Trim());
        Assert.Equal(200, (await second.Send("GET", "/v1/keys", key: key)).Status);
    }

    [Fact]
    public async Task A_damaged_key_file_stops_the_start_and_is_named()
    {
        var folder = Directory.CreateTempSubdirectory("imapgateway-http-").FullName;
        File.WriteAllText(Path.Combine(folder, "admin.key"), "short");

        var failure = await Assert.ThrowsAsync<StartupException>(() => TestGateway.StartAsync(settings: new() { ["Auth:AdminKey"] = "" }, folder: folder));

        Assert.Contains(Path.Combine(folder, "admin.key"), failure.Message);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Auth:AdminKey", "short", "Auth:AdminKey: must have 32 characters or more, or none")]
    [InlineData("Auth:AdminKey", "0123456789 0123456789 0123456789 0123456789", "Auth:AdminKey: must consist of visible ASCII characters")]
    [InlineData("Cors:Origins:0", "app.example.com", "Cors:Origins:0: \"app.example.com\" must be an origin such as https://app.example.com (no path, no user), or *")]
    [InlineData("Cors:Origins:0", "https://app.example.com/", "Cors:Origins:0: \"https://app.example.com/\" must be an origin such as https://app.example.com (no path, no user), or *")]
    [InlineData("Cors:Origins:0", "ftp://app.example.com", "Cors:Origins:0: \"ftp://app.example.com\" must be an origin such as https://app.example.com (no path, no user), or *")]
    public async Task A_wrong_setting_stops_the_start_and_is_named(string key, string value, string message)
    {
        var failure = await Assert.ThrowsAsync<StartupException>(() => TestGateway.StartAsync(settings: new() { [key] = value }));

        Assert.Equal([message], failure.Lines);
    }

    [Fact]
    public void Scopes_include_each_other_as_documented()
    {
        var caller = new Caller("k", Scope.MailRead, ImmutableHashSet.Create("a"));

        Assert.True(caller.Has(Scope.MailReadBasic));
        Assert.False(caller.Has(Scope.MailWrite));
        Assert.False(caller.MaySee("b"));
        Assert.Equal(Scope.MailRead | Scope.MailReadBasic, Scopes.Expand(Scope.MailRead));
        Assert.Equal(Scopes.Names, Scopes.NamesOf(Scopes.Expand(Scope.Admin)));
        Assert.False(Scopes.TryParse("Admin", out _));
    }
}
