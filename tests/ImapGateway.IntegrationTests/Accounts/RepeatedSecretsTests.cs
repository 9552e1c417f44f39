using System.Net;
using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Webhooks;
using Microsoft.AspNetCore.Http;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>Servers that repeat the secrets they are told, in any form and at any place: nothing that leaves the gateway has them.</summary>
[Trait("Category", "judges")]
public class RepeatedSecretsTests
{
    private const string Password = "hunter2/Tr0ub\"4dor";
    private const string Token = "ya29.A0ARrdaM-k9_3f7c1d5b8e2a6f4c0d9b7e5a3f1c8d6b4e2a0f9c7d5b3e1a8f6c4d2b0e9a7f5c3d1b";
    private const string HeaderSecret = "Bearer receiver-k3y-5d1f";

    private static readonly (string Key, string Value)[] LogEverything =
    [
        ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft", "Trace"), ("Logging:LogLevel:Orleans", "Trace"), ("Logging:LogLevel:System", "Trace"),
        ("Imap:CommandTimeout", "3s"), ("Watch:PollInterval", "1s"),
    ];

    private readonly StringBuilder _answers = new();

    [Fact]
    public async Task What_servers_repeat_stands_nowhere()
    {
        await using var gateway = await GatewayProcess.Start(LogEverything);
        await using var receiver = await Receiver.Start();
        var api = new ApiClient(gateway);
        receiver.Answer = async (call, response) =>
        {
            response.StatusCode = 500;
            await response.WriteAsync($"no: {call.Headers.GetValueOrDefault("authorization")} {JsonSerializer.Serialize(call.Headers.GetValueOrDefault("authorization"))} {Base64("x" + HeaderSecret)}");
        };
        var webhook = await Do(api.Post("/v1/webhooks", new { url = receiver.Url(), order = "none", headers = new { Authorization = HeaderSecret } }));
        webhook.Is(HttpStatusCode.Created);
        var signing = webhook.Text("secret");
        // It is shown once, to whoever made it.
        _answers.Clear();

        foreach (var form in Forms(Password))
        {
            await RepeatAsync(api, form, "password", Password);
        }
        foreach (var form in Forms(Token))
        {
            await RepeatAsync(api, form, "accessToken", Token);
        }
        await WatchAsync(api);
        receiver.Answer = async (_, response) =>
        {
            response.StatusCode = 500;
            await response.WriteAsync($"secret {signing} {signing[6..]} {Uri.EscapeDataString(signing)} {Convert.ToHexString(Convert.FromBase64String(signing[6..]))}{new string('x', 500)}");
        };
        var test = (await Do(api.Post($"/v1/webhooks/{webhook.Text("id")}/test", new { }))).Is(HttpStatusCode.OK);
        Assert.Contains("secret ", test.Text("answer"), StringComparison.Ordinal);
        await TestWait.For(() => receiver.Calls.Any(call => Encoding.UTF8.GetString(call.Body).Contains("account.unavailable", StringComparison.Ordinal)));
        await Do(api.Get("/v1/changes?limit=100"));
        await Do(api.Get($"/v1/webhooks/{webhook.Text("id")}/deliveries"));
        await Do(api.Get("/v1/accounts"));
        Assert.Equal(0, await gateway.Stop());

        var places = Directory.EnumerateFiles(gateway.DataDirectory, "gateway.db*").ToDictionary(file => Path.GetFileName(file), file => Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        Assert.Contains("gateway.db", places.Keys);
        places["the log"] = string.Join('\n', gateway.Output.Entries);
        places["the answers"] = _answers.ToString();
        places["the webhooks"] = string.Concat(receiver.Calls.Select(call => Encoding.UTF8.GetString(call.Body)));
        Assert.Contains("account.unavailable", places["the webhooks"], StringComparison.Ordinal);
        foreach (var secret in new[] { Password, Token, HeaderSecret["Bearer ".Length..], signing["whsec_".Length..] })
        {
            foreach (var (place, text) in places)
            {
                foreach (var form in Forms(secret))
                {
                    var at = text.IndexOf(form, StringComparison.OrdinalIgnoreCase);
                    Assert.True(at < 0, $"{form} stands in {place}: {text[Math.Max(0, at - 200)..Math.Min(text.Length, at + 100)]}");
                }
            }
        }
    }

    /// <summary>At the greeting, at the login, in a response code, in a text, in data that cannot be parsed, and in a farewell.</summary>
    private async Task RepeatAsync(ApiClient api, string form, string kind, string secret)
    {
        foreach (var greeting in new[] { $"* BYE {form}", $"* BYE [ALERT] {form}", $"* NO {form}", form })
        {
            await using var server = ScriptedImapServer.Start(new() { Greeting = greeting });
            Shown(await VerifyAsync(api, server, kind, secret));
        }
        foreach (var answer in new[] { $"NO [AUTHENTICATIONFAILED] {form}", $"NO {form}", $"BAD {form}", $"NO [{form}] no", $"BYE {form}" })
        {
            await using var server = ScriptedImapServer.Start(new() { Capabilities = Capabilities, LoginAnswer = answer });
            Shown(await VerifyAsync(api, server, kind, secret));
        }
        await using var open = ScriptedImapServer.Start(new() { Capabilities = Capabilities, LoginAnswer = "OK in" });
        open.Inbox.Add("one");
        var added = (await Do(api.Post("/v1/accounts", Account(open, kind, secret)))).Is(HttpStatusCode.Created);
        var account = new ApiAccount(api, added.Text("id"));
        foreach (var said in new[] { $"NO {form}", $"BAD {form}", $"NO [CANNOT] {form}", $"* LIST {form}", $"* 1 FETCH (UID {form})", $"* 1 FETCH (BODYSTRUCTURE ({form}", $"* BYE {form}" })
        {
            open.On("EXAMINE", (session, command, _) =>
            {
                session.Say(said[0] == '*' ? said : $"{command.Tag} {said}");
                session.Close();
                return Task.CompletedTask;
            });
            Assert.NotEqual(HttpStatusCode.OK, (await Do(api.Get(account.Messages("inbox")))).Status);
        }
        await Do(api.Get(account.Path));
    }

    private const string Capabilities = $"{ScriptedOptions.Modest} AUTH=XOAUTH2";

    /// <summary>Whoever asks sees that there was something.</summary>
    private static void Shown(ApiAnswer verified) => Assert.False(verified.Json.GetProperty("imap").GetProperty("ok").GetBoolean());

    private Task<ApiAnswer> VerifyAsync(ApiClient api, ScriptedImapServer server, string kind, string secret) => Do(api.Post("/v1/accounts/verify", Account(server, kind, secret)));

    private static object Account(ScriptedImapServer server, string kind, string secret, string watch = "none") => new
    {
        email = "anna@example.com",
        watch,
        imap = new Dictionary<string, object> { ["host"] = ScriptedImapServer.Host, ["port"] = server.Port, ["security"] = "none", ["username"] = "anna", [kind] = secret },
    };

    /// <summary>While it is watched the server says good-bye with the password, and then refuses it: log, feed and webhooks tell of both.</summary>
    private async Task WatchAsync(ApiClient api)
    {
        await using var server = ScriptedImapServer.Start(new() { Password = Password });
        server.Inbox.Add("one");
        var added = (await Do(api.Post("/v1/accounts", Account(server, "password", Password, "all")))).Is(HttpStatusCode.Created);
        await TestWait.For(async () => (await api.Get($"/v1/accounts/{added.Text("id")}")).Text("state") == "connected");
        server.Options = server.Options with { LoginAnswer = $"NO [UNAVAILABLE] {Password} {Base64("\0anna\0" + Password)}" };
        server.Farewell($"* BYE {Uri.EscapeDataString(Password)} {Password}");
        await TestWait.For(async () => (await api.Get($"/v1/accounts/{added.Text("id")}")).Text("state") == "unavailable");
        var shown = await Do(api.Get($"/v1/accounts/{added.Text("id")}"));
        Assert.StartsWith("***", shown.Text("lastError", "upstream", "text"), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Forms(string secret) =>
    [
        secret, secret.ToUpperInvariant(), Base64(secret).TrimEnd('='), Base64("x" + secret)[4..].TrimEnd('=')[..^2], Base64("xy" + secret)[4..].TrimEnd('=')[..^2], Base64("\0anna\0" + secret),
        Base64($"user=anna\u0001auth=Bearer {secret}\u0001\u0001"), string.Concat(secret.Select(unit => $"%{(int)unit:x2}")), string.Concat(secret.Select(unit => $"%{(int)unit:X2}")),
        secret.Replace("\"", "\\\"", StringComparison.Ordinal), JsonSerializer.Serialize(secret)[1..^1], Convert.ToHexStringLower(Encoding.ASCII.GetBytes(secret)),
    ];

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task<ApiAnswer> Do(Task<ApiAnswer> request)
    {
        var answer = await request;
        _answers.Append(answer.Text).Append(answer.Headers).Append(answer.ContentHeaders);
        return answer;
    }
}
