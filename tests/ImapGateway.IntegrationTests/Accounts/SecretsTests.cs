using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Accounts;

public class SecretsTests
{
    [Fact]
    public async Task Secrets_stand_nowhere_in_clear_and_mail_is_never_logged()
    {
        await using var smtp = SmtpSink.Start(new() { Tls = SmtpTls.None, Password = "smtp-secret-5a1f" });
        // Everything that can be logged is.
        await using var world = await World.OfItsOwn(null,
            ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft", "Trace"), ("Logging:LogLevel:Orleans", "Trace"), ("Logging:LogLevel:System", "Trace"),
            ("Logging:LogLevel:Microsoft.AspNetCore.DataProtection", "Trace"), ("Logging:Console:IncludeScopes", "true"));
        string[] content = ["subject-word-77c2", "sender-77c2@example.org", "body-word-77c2", "file-77c2.pdf", "search-word-77c2"];
        await world.DeliverRaw($"""
            From: Someone <{content[1]}>
            Subject: {content[0]}
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=b

            --b
            Content-Type: text/plain

            {content[2]}
            --b
            Content-Type: application/pdf; name={content[3]}
            Content-Disposition: attachment; filename={content[3]}

            x
            --b--
            """);
        var token = DovecotServer.AccessToken(world.User);
        var secrets = new List<string> { DovecotServer.Password + "-other", "smtp-secret-5a1f", "wrong-secret-91b3", "changed-secret-0c4e", "verify-secret-3377", token, world.Gateway.AdminKey };
        var answers = new StringBuilder();
        async Task<ApiAnswer> Do(Task<ApiAnswer> request)
        {
            var answer = await request;
            answers.Append(answer.Text).Append(answer.Headers).Append(answer.ContentHeaders);
            return answer;
        }
        object Imap(object credential) => credential;

        // A password that is this test's own, so that it can be looked for.
        await using var scripted = Servers.Scripted.ScriptedImapServer.Start(new() { Password = secrets[0] });
        var own = (await Do(world.Api.Post("/v1/accounts", new
        {
            email = "anna@example.com",
            watch = "none",
            imap = new { host = "127.0.0.1", port = scripted.Port, security = "none", username = "anna", password = secrets[0] },
            smtp = new { host = "127.0.0.1", port = smtp.Port, security = "none", username = "anna", password = "smtp-secret-5a1f" },
        }, ("Idempotency-Key", "abc")))).Is(HttpStatusCode.Created).Text("id");
        var withToken = (await Do(world.Api.Post("/v1/accounts", new { email = world.User, imap = Imap(new { host = "127.0.0.1", port = world.Dovecot.Port, security = "none", username = world.User, accessToken = token }) }))).Is(HttpStatusCode.Created).Text("id");
        (await Do(world.Api.Post("/v1/accounts", new { email = world.User, watch = "none", imap = new { host = "127.0.0.1", port = world.Dovecot.Port, security = "none", username = world.User, password = "wrong-secret-91b3" } }))).IsProblem("account.auth_failed");
        (await Do(world.Api.Post("/v1/accounts", new { email = "x", watch = "none", imap = new { host = "", password = "wrong-secret-91b3", surplus = 1 } }))).IsProblem("bad_request");
        await Do(world.Api.Post("/v1/accounts/verify", new { email = world.User, watch = "none", imap = new { host = "127.0.0.1", port = FreePort.Next(), security = "none", password = "verify-secret-3377" } }));
        (await Do(world.Api.Patch($"/v1/accounts/{own}", new { imap = new { password = "wrong-secret-91b3" } }))).IsProblem("account.auth_failed");
        (await Do(world.Api.Patch($"/v1/accounts/{own}?verify=false", new { imap = new { password = "changed-secret-0c4e" } }))).Is(HttpStatusCode.OK);
        (await Do(world.Api.Get($"/v1/accounts/{own}/mailboxes"))).IsProblem("account.auth_failed");
        var account = new ApiAccount(world.Api, withToken);
        var message = (await account.Newest()).GetProperty("id").GetString()!;
        // The mail itself is in answers, and nowhere else.
        (await world.Api.Get(account.Messages("inbox", "?subject=search-word-77c2&from=sender-77c2@example.org"))).Is(HttpStatusCode.OK);
        (await world.Api.Get(account.Message(message))).Is(HttpStatusCode.OK);
        (await world.Api.Patch(account.Message(message), new { flags = new { add = new[] { "$seen" } }, mailboxId = "archive" })).Is(HttpStatusCode.OK);
        (await world.Api.Delete(account.Message(message))).Is(HttpStatusCode.NoContent);
        await Do(world.Api.Get("/v1/accounts"));
        await Do(world.Api.Delete($"/v1/accounts/{own}"));
        Assert.Equal(0, await world.Gateway.Stop());

        var log = string.Join('\n', world.Gateway.Output.Entries);
        Assert.Contains("trce:", log, StringComparison.Ordinal);
        Assert.Contains("dbg:", log.Replace("dbug:", "dbg:", StringComparison.Ordinal), StringComparison.Ordinal);
        var places = Directory.EnumerateFiles(world.Gateway.DataDirectory, "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/keys/", StringComparison.Ordinal) && !file.EndsWith("admin.key", StringComparison.Ordinal))
            .ToDictionary(file => Path.GetFileName(file), file => Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        Assert.Contains("gateway.db", places.Keys);
        places["the log"] = log;
        places["the answers"] = answers.ToString();
        foreach (var (place, text) in places)
        {
            foreach (var secret in secrets)
            {
                Assert.False(Forms(secret).Any(form => text.Contains(form, StringComparison.OrdinalIgnoreCase)), $"{secret} stands in {place}: {Around(text, secret)}");
            }
        }
        foreach (var word in content)
        {
            Assert.False(log.Contains(word, StringComparison.OrdinalIgnoreCase), $"{word} stands in the log: {Around(log, word)}");
        }
    }

    /// <summary>As it is, in UTF-16, and in base64 at each of its three alignments.</summary>
    private static IEnumerable<string> Forms(string secret)
    {
        yield return secret;
        yield return Encoding.Latin1.GetString(Encoding.Unicode.GetBytes(secret));
        for (var shift = 0; shift < 3; shift++)
        {
            var encoded = Convert.ToBase64String([.. new byte[shift], .. Encoding.UTF8.GetBytes(secret)]);
            yield return encoded[(shift == 0 ? 0 : 4)..^4];
        }
    }

    private static string Around(string text, string word)
    {
        var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? "(encoded)" : text[Math.Max(0, at - 300)..Math.Min(text.Length, at + 100)];
    }
}
