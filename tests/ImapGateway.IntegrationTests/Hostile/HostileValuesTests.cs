using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Hostile;

/// <summary>
/// Every parameter of every operation of REST and GraphQL gets every hostile value, on both databases. The places are read from the contract, so that a new parameter is among them by itself.
/// </summary>
[Trait("Category", "judges")]
public partial class HostileValuesTests
{
    private sealed record Outcome(List<HostileAnswer> Answers, IReadOnlyList<ScriptedCommand> Commands, List<string> Lost);

    [Fact]
    public async Task No_value_of_any_parameter_reaches_the_mail_server_as_a_command_or_breaks_the_gateway()
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        var outcomes = await Task.WhenAll(Attack(), Attack(("Storage:Provider", "Postgres"), ("Storage:ConnectionString", database)));
        foreach (var outcome in outcomes)
        {
            Assert.True(outcome.Answers.Count > 5_000, $"Only {outcome.Answers.Count} requests were made: the places are not found.");
            Assert.Empty(outcome.Answers.Where(answer => answer.IsInternalError).Select(answer => answer.ToString()));
            Assert.Empty(Unmeant(outcome.Commands));
            Assert.Empty(outcome.Lost);
        }
        var onSqlite = outcomes[0].Answers.Select(answer => answer.ToString());
        Assert.Empty(onSqlite.Except(outcomes[1].Answers.Select(answer => answer.ToString())));
    }

    private static async Task<Outcome> Attack(params (string, string)[] settings)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = ScriptedOptions.Modest + " AUTH=OAUTHBEARER SPECIAL-USE" });
        server.AddMailbox("Trash", @"\Trash");
        server.Inbox.Add("one");
        server.AddMailbox("Work").Add("two");
        await using var gateway = await GatewayProcess.Start(settings);
        var api = new ApiClient(gateway);
        var known = await Known(api, server.Port);
        using var http = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 }) { BaseAddress = gateway.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", gateway.AdminKey);

        var document = (await api.Get("/openapi/v1.json")).Is(HttpStatusCode.OK).Json;
        var schema = (await api.Data(GraphPlaces.Introspection)).GetProperty("__schema");
        HostileCall[] calls = [.. new GraphPlaces(schema, known).All(), .. new RestPlaces(document, known).All()];
        var answers = new List<HostileAnswer>();
        foreach (var call in calls)
        {
            foreach (var value in call.Values)
            {
                answers.Add(await call.Send(http, value));
            }
        }
        Assert.False(gateway.HasExited);
        return new Outcome(answers, server.Commands.Entries, await Lost(api));
    }

    private static async Task<KnownValues> Known(ApiClient api, int port)
    {
        var settings = new { id = "ann", email = "ann@example.com", watch = "none", imap = new { host = ScriptedImapServer.Host, port, security = "none", username = "ann", password = "pass" } };
        var account = new ApiAccount(api, (await api.Post("/v1/accounts", settings)).Is(HttpStatusCode.Created).Text("id"));
        var message = (await account.Newest()).GetProperty("id").GetString()!;
        var mailbox = Assert.Single(await account.Items($"{account.Mailboxes}?path=Work")).GetProperty("id").GetString()!;
        var webhook = (await api.Post("/v1/webhooks", new { url = "http://127.0.0.1:9/" })).Is(HttpStatusCode.Created).Text("id");
        var key = (await api.Post("/v1/keys", new { name = "key", scopes = new[] { "mail.read" } })).Is(HttpStatusCode.Created).Text("id");
        return new KnownValues { ImapPort = port }
            .With("account", account.Id).With("accountId", account.Id).With("mailbox", mailbox).With("mailboxId", mailbox).With("part", "1").With("delivery", "e_aaaaaaaab")
            .With("messages.id", message).With("webhooks.id", webhook).With("keys.id", key)
            .With("Account.id", account.Id).With("Mailbox.id", mailbox).With("Message.id", message).With("Node.id", message)
            .With("UpdateAccountInput.id", account.Id).With("PauseAccountInput.id", account.Id).With("ResumeAccountInput.id", account.Id).With("DeleteAccountInput.id", account.Id)
            .With("UpdateMailboxInput.id", mailbox).With("DeleteMailboxInput.id", mailbox).With("UpdateMessageInput.id", message).With("DeleteMessageInput.id", message)
            .With("id", webhook);
    }

    /// <summary>What was created under a hostile name must still be there under its id.</summary>
    private static async Task<List<string>> Lost(ApiClient api)
    {
        var lost = new List<string>();
        foreach (var path in new[] { "/v1/accounts", "/v1/webhooks", "/v1/keys" })
        {
            var list = (await api.Get($"{path}?limit=500")).Is(HttpStatusCode.OK).Json.GetProperty("items");
            foreach (var item in list.EnumerateArray())
            {
                var id = item.GetProperty("id").GetString()!;
                if ((await api.Get($"{path}/{Uri.EscapeDataString(id)}")).Status != HttpStatusCode.OK)
                {
                    lost.Add($"{path}: {id}");
                }
            }
        }
        return lost;
    }

    /// <summary>MailKit numbers the commands of a connection: each that is not the next one, or that no client has, was somebody else's.</summary>
    private static IEnumerable<string> Unmeant(IReadOnlyList<ScriptedCommand> commands) =>
        from connection in commands.GroupBy(command => command.Connection)
        from command in connection.Zip(connection.Prepend(null))
        where !Tag().IsMatch(command.First.Tag) || command.First.Name.Contains(HostileText.Injected, StringComparison.OrdinalIgnoreCase)
            || (command.Second is { } before && Number(command.First) != Number(before) + 1)
        select $"{command.First.Tag} {command.First.Name} after {command.Second?.Tag} {command.Second?.Name}";

    private static int Number(ScriptedCommand command) => int.TryParse(command.Tag.AsSpan(1), out var number) ? number : -1;

    [GeneratedRegex(@"^[A-Z][0-9]{8}\z")]
    private static partial Regex Tag();
}
