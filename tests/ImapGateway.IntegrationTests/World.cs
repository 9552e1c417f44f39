using System.Text;
using ImapGateway.IntegrationTests.Servers;
using MailKit;
using MailKit.Net.Imap;
using MimeKit;

namespace ImapGateway.IntegrationTests;

/// <summary>A gateway, a mail server, and a user of this test's own: what most tests start with.</summary>
public sealed class World : IAsyncDisposable
{
    private readonly bool _ownsDovecot;
    private readonly bool _ownsGateway;

    private World(DovecotServer dovecot, GatewayProcess gateway, bool ownsDovecot = false, bool ownsGateway = false)
    {
        (Dovecot, Gateway, _ownsDovecot, _ownsGateway) = (dovecot, gateway, ownsDovecot, ownsGateway);
        Api = new ApiClient(gateway);
    }

    public DovecotServer Dovecot { get; }

    public GatewayProcess Gateway { get; }

    /// <summary>Requests with the admin key.</summary>
    public ApiClient Api { get; }

    /// <summary>Nobody else's login at the mail server; its mailboxes are empty.</summary>
    public string User { get; } = NewUser();

    /// <summary>The servers all ordinary tests share: nothing may be stopped or slowed down there.</summary>
    public static async Task<World> WithDovecot() => new(await SharedServers.Dovecot, await SharedServers.Gateway);

    /// <summary>The shared gateway, and another Dovecot than the shared one; it is not the world's to end.</summary>
    public static async Task<World> With(DovecotServer dovecot) => new(dovecot, await SharedServers.Gateway);

    /// <summary>Servers that are not the world's to end.</summary>
    public static World With(DovecotServer dovecot, GatewayProcess gateway) => new(dovecot, gateway);

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
            return new World(dovecot, await start(), ownsDovecot: true, ownsGateway: true);
        }
        catch
        {
            await dovecot.DisposeAsync();
            throw;
        }
    }

    public static string NewUser() => $"user{Guid.NewGuid():N}"[..16] + "@example.com";

    /// <summary>Adds <see cref="User"/> by POST /v1/accounts; the test fails if the gateway does not answer 201.</summary>
    /// <param name="port">Of a proxy or another server; the Dovecot's own if null.</param>
    /// <param name="watch">Most tests count connections and commands, and want none that they did not ask for.</param>
    public Task<ApiAccount> AddAccount(int? port = null, string watch = "none") => AddAccount(Settings(port ?? Dovecot.Port, watch: watch));

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
    public Task<ImapClient> OtherClient() => Dovecot.Client(User);

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
        return (await Dovecot.Append(User, message, mailbox, flags))!.Value.Id;
    }

    /// <summary>Stores a message given as text; lone LF become CRLF.</summary>
    public Task DeliverRaw(string message, string mailbox = "INBOX") =>
        Dovecot.Append(User, Encoding.UTF8.GetBytes(message.ReplaceLineEndings("\r\n")), mailbox);

    public async ValueTask DisposeAsync()
    {
        if (_ownsGateway)
        {
            await Gateway.DisposeAsync();
        }
        if (_ownsDovecot)
        {
            await Dovecot.DisposeAsync();
        }
    }
}
