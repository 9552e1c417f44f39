using System.Text;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Text outside of ASCII is looked for by the server in UTF-8, and where it cannot, in the headers (RFC 3501 section 6.4.4).</summary>
public class SearchCharsetTests
{
    private static async Task<ApiAccount> Start(ScriptedImapServer server)
    {
        server.Inbox.Add("Grüße");
        server.Inbox.Add("hello");
        server.Inbox.Add("Viele Grüße");
        server.Inbox.Add(uid => new(uid, Encoding.UTF8.GetBytes("From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from another\r\n\r\n")));
        var world = await World.WithDovecot();
        var account = await world.AddAccount(server.Port);
        // On a session beside the one that lists, which might search later.
        await account.Newest();
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        return account;
    }

    private static string Query(string name, string text) => $"?{name}={Uri.EscapeDataString(text)}";

    private static bool HasCharset(ScriptedCommand command) => command.Name == "UID SEARCH" && command.Arguments.Any(argument => argument.Is("CHARSET"));

    private static string InUtf8(ScriptedCommand command) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(command.ToString()));

    [Theory]
    [InlineData("")]
    [InlineData("ESEARCH")]
    public async Task A_server_is_asked_in_utf8(string extension)
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} {extension}".TrimEnd() });
        var account = await Start(server);
        Assert.Equal("Grüße from another[] Viele Grüße[] Grüße[]", await account.Shown(query: Query("subject", "grüße")));
        Assert.Contains(server.Commands.Entries, command => HasCharset(command) && InUtf8(command).Contains("CHARSET UTF-8 SUBJECT grüße", StringComparison.Ordinal));
        Assert.Equal("Grüße from another[]", await account.Shown(query: Query("from", "JÜRGEN")));
    }

    [Theory]
    [InlineData("NO [BADCHARSET (US-ASCII)] not that")]
    [InlineData("NO [BADCHARSET] not that")]
    [InlineData("NO not that")]
    [InlineData("BAD what charset?")]
    public async Task A_server_that_refuses_is_asked_for_the_rest_alone_and_not_again(string refusal)
    {
        await using var server = ScriptedImapServer.Start();
        server.On("UID SEARCH", async (session, command, proceed) =>
        {
            if (HasCharset(command))
            {
                session.Say($"{command.Tag} {refusal}");
                return;
            }
            await proceed();
        });
        var account = await Start(server);
        for (var times = 0; times < 3; times++)
        {
            Assert.Equal("Viele Grüße[]", await account.Shown(query: $"{Query("subject", "grüße")}&from=anna&unseen=true&limit=1"));
            Assert.Equal("Grüße from another[]", await account.Shown(query: Query("from", "JÜRGEN")));
        }
        Assert.Single(server.Commands.Entries, HasCharset);
        Assert.Contains(server.Commands.Entries, command => command.Name == "UID SEARCH" && command.ToString().Contains("FROM anna", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_of_a_search_in_headers_lead_through_the_whole_mailbox()
    {
        await using var server = ScriptedImapServer.Start();
        server.On("UID SEARCH", async (session, command, proceed) =>
        {
            if (HasCharset(command))
            {
                session.Say($"{command.Tag} NO [BADCHARSET] not that");
                return;
            }
            await proceed();
        });
        server.Inbox.Add("Ärger");
        for (var i = 0; i < 1_200; i++)
        {
            server.Inbox.Add("none");
        }
        var account = await Start(server);
        Assert.Equal(["Ärger"], (await account.Pages($"{Query("subject", "ärger")}&limit=5")).Select(message => message.Subject()));
    }
}
