using System.Net;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Large mailboxes of several accounts that are read for the first time: the gateway reads as many of them at once as there is memory for.</summary>
[Trait("Category", "judges")]
public sealed class LargeMailboxesTests : IAsyncLifetime
{
    private const int Messages = AnswerBudget.Small + 2_000;

    private readonly List<ScriptedImapServer> _servers = [];
    private GatewayProcess _gateway = null!;
    private ApiClient _api = null!;

    public async ValueTask InitializeAsync()
    {
        // Room for one of them, whose server keeps it waiting for as long as the test takes.
        _gateway = await GatewayProcess.Start(("Imap:MaxMessagesInMemory", $"{2 * AnswerBudget.Small}"), ("Imap:CommandTimeout", "10m"));
        _api = new ApiClient(_gateway);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ESEARCH")]
    [InlineData(" CONDSTORE ENABLE QRESYNC ESEARCH")]
    public async Task One_is_read_after_the_other_and_small_ones_do_not_wait(string capabilities)
    {
        var (reading, most) = (0, 0);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedImapServer Large()
        {
            var (server, begun) = (Start(Messages, capabilities), false);
            async Task Read(ScriptedSession session, ScriptedCommand command, Func<Task> proceed)
            {
                if (!begun)
                {
                    begun = true;
                    var now = Interlocked.Increment(ref reading);
                    most = Math.Max(most, now);
                    await release.Task;
                    Interlocked.Decrement(ref reading);
                }
                await proceed();
            }
            server.On("FETCH", Read);
            server.On("UID SEARCH", Read);
            return server;
        }
        ScriptedImapServer[] large = [Large(), Large(), Large()];
        var small = Start(200, capabilities);
        var lists = new List<Task<IReadOnlyList<string>>>();
        foreach (var server in large)
        {
            lists.Add(Subjects(await Add(server)));
        }
        // All of them know how much they have to read; one reads.
        await TestWait.For(() => large.All(server => server.CountOf("EXAMINE") > 0) && Volatile.Read(ref reading) == 1);
        Assert.Equal("m199", (await Subjects(await Add(small)))[0]);
        Assert.Equal(1, large.Count(server => server.CountOf("FETCH") + server.CountOf("UID SEARCH") > 0));
        // An account that waits holds no connection that others of its requests need, and can be deleted.
        var leaving = Start(Messages, capabilities);
        var left = await Add(leaving);
        var unread = left.Api.Get(left.Messages("inbox"));
        await TestWait.For(() => leaving.CountOf("EXAMINE") > 0);
        (await left.Api.Get(left.Mailboxes)).Is(HttpStatusCode.OK);
        (await left.Api.Delete(left.Path)).Is(HttpStatusCode.NoContent);
        release.SetResult();
        foreach (var list in lists)
        {
            Assert.Equal($"m{Messages - 1}", (await list)[0]);
        }
        Assert.NotEqual(HttpStatusCode.OK, (await unread).Status);
        Assert.Equal(1, most);
    }

    private ScriptedImapServer Start(int messages, string capabilities)
    {
        var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = ScriptedOptions.Modest + capabilities });
        for (var i = 0; i < messages; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        _servers.Add(server);
        return server;
    }

    private async Task<ApiAccount> Add(ScriptedImapServer server)
    {
        var added = await _api.Post(
            "/v1/accounts", new { email = "large@example.com", watch = "none", imap = new { host = ScriptedImapServer.Host, port = server.Port, security = "none", username = "large", password = "pass" } });
        return new ApiAccount(_api, added.Is(HttpStatusCode.Created).Text("id"));
    }

    private static async Task<IReadOnlyList<string>> Subjects(ApiAccount account) => [.. (await account.Items(account.Messages("inbox", "?limit=5"))).Select(message => message.GetProperty("subject").GetString()!)];
}
