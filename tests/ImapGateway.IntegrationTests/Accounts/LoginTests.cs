using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>How the gateway gets into an account: encryption, certificates, mechanisms.</summary>
public sealed class LoginTests : IAsyncLifetime
{
    private readonly string _user = World.NewUser();
    private ApiClient _api = null!;
    private DovecotServer _dovecot = null!;

    public async ValueTask InitializeAsync()
    {
        _dovecot = await SharedServers.Dovecot;
        _api = new ApiClient(await SharedServers.Gateway);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<ApiAnswer> Add(int port, string security, bool? allowInvalidCertificate = null, string? password = DovecotServer.Password, string? accessToken = null, string host = "127.0.0.1") =>
        _api.Post("/v1/accounts", new { email = _user, watch = "none", imap = new { host, port, security, allowInvalidCertificate, username = _user, password, accessToken } });

    [Theory]
    [InlineData("tls", "127.0.0.1")]
    [InlineData("starttls", "127.0.0.1")]
    [InlineData("tls", "localhost")]
    [InlineData("none", "localhost")]
    public async Task Each_kind_of_security_reads_mail(string security, string host)
    {
        await _dovecot.Append(_user, "Subject: safe\r\n\r\nhello\r\n"u8.ToArray());
        var added = (await Add(security == "tls" ? _dovecot.TlsPort : _dovecot.Port, security, allowInvalidCertificate: security != "none", host: host)).Is(HttpStatusCode.Created);
        Assert.Equal("safe", (await new ApiAccount(_api, added.Text("id")).Newest()).GetProperty("subject").GetString());
    }

    [Theory]
    [InlineData("tls")]
    [InlineData("starttls")]
    public async Task A_certificate_nobody_vouches_for_is_an_error(string security)
    {
        var answer = (await Add(security == "tls" ? _dovecot.TlsPort : _dovecot.Port, security)).IsProblem("account.protocol");
        Assert.Contains("certificate", answer.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    // Somebody in between hides STARTTLS, answers in its place, or claims that the login is done.
    [InlineData("* OK ready\r\n", "A NO no such thing\r\n", "account.protocol")]
    [InlineData("* OK ready\r\n", "A BAD what?\r\n", "account.protocol")]
    [InlineData("* PREAUTH welcome\r\n", "A OK go\r\n", "account.protocol")]
    [InlineData("* OK ready\r\n", "A OK go\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] injected\r\nA00000000 OK injected\r\n", "account.protocol")]
    [InlineData("* OK ready\r\n", "* CAPABILITY IMAP4rev1\r\nA OK go\r\n* PREAUTH injected\r\n", "account.protocol")]
    [InlineData("* BYE [UNAVAILABLE] not now\r\n", "", "account.unavailable")]
    public async Task Without_starttls_nothing_secret_is_said(string greeting, string answer, string code)
    {
        await using var between = RawServer.Start(async connection =>
        {
            await connection.Say(greeting);
            await connection.Hear();
            await connection.Say(answer);
            await connection.Listen();
        });
        (await Add(between.Port, "starttls", allowInvalidCertificate: true, password: "top-secret")).IsProblem(code);
        Assert.DoesNotContain("top-secret", between.AllHeard, StringComparison.Ordinal);
        Assert.DoesNotContain("LOGIN", between.AllHeard, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("AUTHENTICATE", between.AllHeard, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_was_said_before_starttls_is_forgotten()
    {
        // The capabilities in the greeting are not asked of the server again unless they are forgotten.
        await using var smtp = SmtpSink.Start(new() { Tls = SmtpTls.StartTls, AuthNeedsTls = true });
        foreach (var (allow, ok) in new[] { (true, true), (false, false) })
        {
            var answer = (await _api.Post("/v1/accounts/verify", new
            {
                email = _user,
                watch = "none",
                imap = new { host = "127.0.0.1", port = _dovecot.Port, security = "starttls", allowInvalidCertificate = true, username = _user, password = DovecotServer.Password },
                smtp = new { host = "127.0.0.1", port = smtp.Port, security = "starttls", allowInvalidCertificate = allow },
            })).Is(HttpStatusCode.OK);
            Assert.Equal((true, ok), (answer.Json.GetProperty("imap").GetProperty("ok").GetBoolean(), answer.Json.GetProperty("smtp").GetProperty("ok").GetBoolean()));
        }
    }

    /// <summary>Exchange: no capabilities in the greeting, and others after TLS. Its greeting also decides how MailKit reads its answers.</summary>
    [Theory]
    [InlineData("* OK The Microsoft Exchange IMAP4 service is ready. [QQBNADMAUABSADAANwBDAEEA]")]
    [InlineData("* OK [CAPABILITY IMAP4 IMAP4rev1 STARTTLS AUTH=LOGIN MOVE NOTIFY] The Microsoft Exchange IMAP4 service is ready.")]
    [InlineData("* OK")]
    [InlineData("* OK [CAPABILITY IMAP4rev1 STARTTLS MOVE] gr\u00fcn \u0007")]
    public async Task What_is_advertised_before_starttls_does_not_count_after_it(string greeting)
    {
        await using var server = ScriptedImapServer.Start(new()
        {
            Greeting = greeting,
            CapabilitiesInClear = "IMAP4 IMAP4rev1 LOGINDISABLED STARTTLS MOVE NOTIFY CONDSTORE",
            Capabilities = "IMAP4 IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+",
        });
        server.Inbox.Add("one");
        var added = (await Add(server.Port, "starttls", allowInvalidCertificate: true, password: "pass")).Is(HttpStatusCode.Created);
        var account = new ApiAccount(_api, added.Text("id"));
        Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
        var capabilities = (await account.Api.Get(account.Path)).Is(HttpStatusCode.OK).Json.GetProperty("capabilities").EnumerateArray().Select(one => one.GetString()).ToList();
        Assert.Contains("IDLE", capabilities);
        Assert.All(new[] { "MOVE", "NOTIFY", "CONDSTORE" }, name => Assert.DoesNotContain(name, capabilities));
        Assert.Equal("STARTTLS", server.Commands.Entries[0].Name);
    }

    [Fact]
    public async Task A_server_that_takes_us_for_somebody_who_is_logged_in_is_refused()
    {
        await using var server = ScriptedImapServer.Start(new() { Greeting = "* PREAUTH [CAPABILITY IMAP4rev1] welcome, root" });
        var answer = (await Add(server.Port, "none")).IsProblem("account.protocol");
        Assert.Contains("PREAUTH", answer.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Access_tokens_are_taken_until_they_expire()
    {
        var added = (await Add(_dovecot.Port, "none", password: null, accessToken: DovecotServer.AccessToken(_user))).Is(HttpStatusCode.Created);
        await new ApiAccount(_api, added.Text("id")).Items($"/v1/accounts/{added.Text("id")}/mailboxes");
        (await Add(_dovecot.Port, "none", password: null, accessToken: DovecotServer.AccessToken(_user, TimeSpan.FromMinutes(-5)))).Is((HttpStatusCode)424).IsProblem("account.auth_failed");
        (await Add(_dovecot.Port, "none", password: null, accessToken: "not a token")).IsProblem("account.auth_failed");
    }

    [Theory]
    [InlineData("AUTH=OAUTHBEARER AUTH=XOAUTH2 AUTH=PLAIN", "OAUTHBEARER")]
    [InlineData("AUTH=XOAUTH2 AUTH=PLAIN", "XOAUTH2")]
    public async Task Of_the_mechanisms_for_tokens_the_standard_one_is_preferred(string offered, string used)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = $"IMAP4rev1 SASL-IR {offered}" });
        (await Add(server.Port, "none", password: null, accessToken: "pass")).Is(HttpStatusCode.Created);
        Assert.Equal(used, (await server.Commands.First(command => command.Name == "AUTHENTICATE"))[0]);
    }

    [Theory]
    [InlineData("IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5", "AUTHENTICATE PLAIN")]
    [InlineData("IMAP4rev1 AUTH=PLAIN", "AUTHENTICATE PLAIN")]
    [InlineData("IMAP4rev1", "LOGIN anna")]
    [InlineData("IMAP4rev1 AUTH=CRAM-MD5", "LOGIN anna")]
    public async Task A_password_is_sent_once_by_what_is_offered(string capabilities, string expected)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = capabilities });
        object Body(string password) => new { email = _user, watch = "none", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password } };
        (await _api.Post("/v1/accounts", Body("pass"))).Is(HttpStatusCode.Created);
        (await _api.Post("/v1/accounts", Body("wrong"))).IsProblem("account.auth_failed");
        var logins = server.Commands.Entries.Where(command => command.Name is "LOGIN" or "AUTHENTICATE").Select(command => $"{command.Name} {command[0]}");
        Assert.Equal([expected, expected], logins);
    }

    [Fact]
    public async Task Where_passwords_are_not_taken_none_is_sent()
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = "IMAP4rev1 STARTTLS LOGINDISABLED AUTH=XOAUTH2" });
        var answer = (await Add(server.Port, "none")).IsProblem("account.protocol");
        Assert.Contains("LOGINDISABLED", answer.Text("detail"), StringComparison.Ordinal);
        await using var tokenless = ScriptedImapServer.Start(new() { Capabilities = "IMAP4rev1 AUTH=PLAIN" });
        (await Add(tokenless.Port, "none", password: null, accessToken: "pass")).IsProblem("account.protocol");
        Assert.DoesNotContain(server.Commands.Entries.Concat(tokenless.Commands.Entries), command => command.Name is "LOGIN" or "AUTHENTICATE");
    }

    [Fact]
    public async Task A_wrong_password_costs_one_login_at_a_real_server()
    {
        await using var tap = TapProxy.Start(_dovecot.Port);
        (await Add(tap.Port, "none", password: "wrong")).IsProblem("account.auth_failed");
        Assert.Equal((1, 0), (tap.CountOf("AUTHENTICATE"), tap.CountOf("LOGIN")));
    }
}
