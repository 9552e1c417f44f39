using System.Text;
using ImapGateway.IntegrationTests.Servers;
using MailKit;
using MailKit.Net.Imap;
using MimeKit;

namespace ImapGateway.IntegrationTests;

/// <summary>A gateway, a mail server, and a user of this test's own: what most tests start with.</summary>
public sealed class World : IAsyncDisposable
{
    private readonly bool _ownsServer;
    private readonly bool _ownsGateway;

    private World(IMailServer server, GatewayProcess gateway, bool ownsServer = false, bool ownsGateway = false)
    {
        (Server, Gateway, _ownsServer, _ownsGateway) = (server, gateway, ownsServer, ownsGateway);
        (Api, User) = (new ApiClient(gateway), server.NewUser());
    }

    public IMailServer Server { get; }

    /// <summary>The same in tests that use what only Dovecot has.</summary>
    public DovecotServer Dovecot => (DovecotServer)Server;

    public GatewayProcess Gateway { get; }

    /// <summary>Requests with the admin key.</summary>
    public ApiClient Api { get; }

    /// <summary>Nobody else's login at the mail server; its mailboxes are empty.</summary>
    public string User { get; }

    /// <summary>The servers all ordinary tests share: nothing may be stopped or slowed down there.</summary>
    public static async Task<World> WithDovecot() => new(await SharedServers.Dovecot, await SharedServers.Gateway);

    /// <summary>The shared gateway, and another mail server than the shared Dovecot; it is not the world's to end.</summary>
    public static async Task<World> With(IMailServer server) => new(server, await SharedServers.Gateway);

    /// <summary>Servers that are not the world's to end.</summary>
    public static World With(IMailServer server, GatewayProcess gateway) => new(server, gateway);

    /// <summary>A gateway of the test's own, and a mail server that is not the world's to end.</summary>
    public static async Task<World> WithGateway(IMailServer server, params (string Name, string Value)[] settings) => new(server, await GatewayProcess.Start(settings), ownsGateway: true);

    /// <summary>A gateway of the test's own, to be stopped, killed and set as it likes; and a Dovecot of its own where it has options, or is given more work or worse than others bear.</summary>
    /// <param name="options">Null: the shared Dovecot.</param>
    public static Task<World> OfItsOwn(DovecotOptions? options = null, params (string Name, string Value)[] settings) => OfItsOwn(options, () => GatewayProcess.Start(settings));

    /// <summary>The same, with a disk that can be filled.</summary>
    public static Task<World> OnSmallDisk(int megabytes, params (string Name, string Value)[] settings) => OfItsOwn(null, () => GatewayProcess.StartOnSmallDisk(megabytes, settings));

    private static async Task<World> OfItsOwn(DovecotOptions? options, Func<Task<GatewayProcess>> start)
    {
        if (options is null)
        {
            return new World(await SharedServers.Dovecot, await start(), ownsGateway: true);
        }
        var dovecot = await DovecotServer.Start(options);
        try
        {
            return new World(dovecot, await start(), ownsServer: true, ownsGateway: true);
        }
        catch
        {
            await dovecot.DisposeAsync();
            throw;
        }
    }

    public static string NewUser() => MailServerClients.RandomUser();

    /// <summary>Adds <see cref="User"/> by POST /v1/accounts; the test fails if the gateway does not answer 201.</summary>
    /// <param name="port">Of a proxy or another server; the mail server's own if null.</param>
    /// <param name="watch">Most tests count connections and commands, and want none that they did not ask for.</param>
    public Task<ApiAccount> AddAccount(int? port = null, string watch = "none") => AddAccount(Settings(port ?? Server.Port, watch: watch));

    public async Task<ApiAccount> AddAccount(object settings)
    {
        var answer = await Api.Post("/v1/accounts", settings);
        Assert.True(answer.Status == System.Net.HttpStatusCode.Created, $"{answer.Status}: {answer.Text}");
        return new ApiAccount(Api, answer.Json.GetProperty("id").GetString()!);
    }

    /// <summary>The body of POST /v1/accounts for this user, without TLS.</summary>
    public object Settings(int port, string password = DovecotServer.Password, string watch = "none") => new
    {
        name = User,
        email = User,
        watch,
        imap = new { host = DovecotServer.Host, port, security = "none", username = User, password },
    };

    /// <summary>Another mail client of the same user, logged in.</summary>
    public Task<ImapClient> OtherClient() => Server.Client(User);

    /// <summary>Stores a short text message and returns its uid.</summary>
    public async Task<uint> Deliver(string subject, string mailbox = "INBOX", MessageFlags flags = MessageFlags.None)
    {
        var message = new MimeMessage
        {
            Subject = subject,
            Body = new TextPart("plain") { Text = $"The text of {subject}.\r\n" },
            From = { new MailboxAddress("Anna Berg", "anna@example.org") },
            To = { new MailboxAddress("", User) },
        };
        return (await Server.Append(User, message, mailbox, flags))!.Value.Id;
    }

    /// <summary>Stores a message given as text; lone LF become CRLF.</summary>
    public Task DeliverRaw(string message, string mailbox = "INBOX") =>
        Server.Append(User, Encoding.UTF8.GetBytes(message.ReplaceLineEndings("\r\n")), mailbox);

    public async ValueTask DisposeAsync()
    {
        if (_ownsGateway)
        {
            await Gateway.DisposeAsync();
        }
        if (_ownsServer)
        {
            await Server.DisposeAsync();
        }
    }
}
