using System.Net;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>The result of a search is what all right answers together say.</summary>
public sealed class SearchAnswersTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private const string All = "1 2 3 4 5";

    public static TheoryData<string, string, string> Answers => new()
    {
        { "", "* SEARCH 1 2|* SEARCH|* SEARCH 3 4 5", All },
        { "", "* SEARCH 3 4 5|* OK still searching|* SEARCH 2 1", All },
        { "", "* SEARCH 1 3|* SEARCH 3", "1 3" },
        { "", "* SEARCH", "" },
        { "", "* SEARCH|* SEARCH", "" },
        { "", "", "" },
        { "", "* ESEARCH (TAG \"X1\") UID ALL 2|* SEARCH 4", "4" },
        { "ESEARCH", "* ESEARCH (TAG \"X1\") UID ALL 2|* ESEARCH (TAG \"TAG0\") UID ALL 1:5", All },
        { "ESEARCH", "* ESEARCH (TAG \"TAG0\") UID ALL 1:5|* ESEARCH (TAG \"X1\") UID", All },
        { "ESEARCH", "* ESEARCH (TAG \"TAG0\") UID ALL 4:5|* ESEARCH (TAG \"X1\") UID ALL 9|* ESEARCH (TAG \"TAG0\") UID ALL 1:2,3", All },
        { "ESEARCH", "* ESEARCH (TAG \"TAG0\") UID|* ESEARCH (TAG \"TAG0\") UID ALL 3", "3" },
        { "ESEARCH", "* ESEARCH (TAG \"TAG0\") UID ALL 3|* ESEARCH (TAG \"TAG0\") UID", "3" },
        { "ESEARCH", "* ESEARCH UID ALL 1:5", All },
        { "ESEARCH", "* ESEARCH (TAG \"TAG0\") UID ALL 1:2|* SEARCH 3 4|* SEARCH 5", All },
        { "ESEARCH", "* SEARCH 1 2|* SEARCH 3 4 5", All },
        { "ESEARCH", "* ESEARCH (TAG \"TAG0\") UID", "" },
    };

    [Theory, MemberData(nameof(Answers))]
    public async Task All_right_answers_count_and_no_others(string extension, string lines, string found)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = $"{ScriptedOptions.Modest} {extension}".Trim() });
        for (var i = 1; i <= 5; i++)
        {
            server.Inbox.Add($"message {i}");
        }
        var account = new ApiAccount(impatient.Api, (await impatient.Api.Post("/v1/accounts", new
        {
            email = "anna@example.com",
            watch = "none",
            imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
        })).Is(HttpStatusCode.Created).Text("id"));
        await account.Newest();
        server.On("UID SEARCH", async (session, command, proceed) =>
        {
            if (!command.ToString().Contains("SUBJECT", StringComparison.OrdinalIgnoreCase))
            {
                await proceed();
                return;
            }
            foreach (var line in lines.Replace("TAG0", command.Tag, StringComparison.Ordinal).Split('|', StringSplitOptions.RemoveEmptyEntries))
            {
                session.Say(line);
            }
            session.Say($"{command.Tag} OK done");
        });
        var connections = server.Connections;
        var items = (await impatient.Api.Get($"{account.Messages("inbox")}?subject=message")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Select(message => message.Uid()).Order();
        Assert.Equal(found, string.Join(' ', items));
        Assert.Equal(connections, server.Connections);
    }
}
