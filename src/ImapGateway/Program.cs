using ImapGateway.Accounts;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Egress;
using ImapGateway.GraphQL;
using ImapGateway.GraphQL.Transport;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Keys;
using ImapGateway.Mailboxes;
using ImapGateway.Messages;
using ImapGateway.OpenApi;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Storage.Backup;
using ImapGateway.Sync.Watching;
using ImapGateway.Webhooks;
using ImapGateway.Webhooks.Deliveries;
using ImapGateway.Webhooks.Endpoints;

namespace ImapGateway;

public static class Program
{
    /// <summary>What the program can do beside running the gateway.</summary>
    private static readonly Command[] Commands = [.. StorageCommands.All];

    public static Task<int> Main(string[] args) => new CommandLine(Commands, settings => Build(settings).RunValidatedAsync()).RunAsync(args);

    /// <summary>The whole gateway, not started.</summary>
    /// <param name="args">The settings.</param>
    /// <param name="replace">Replaces services of it; for tests.</param>
    public static WebApplication Build(string[] args, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddStorage();             // SQLite or PostgreSQL
        builder.AddEgress();              // which addresses we may connect to
        builder.AddHttp();                // problem details, keys, conditional requests, CORS
        builder.Services.AddOpenApi();    // the contract of the API, and a page to try it
        builder.AddImap();                // sessions, pool, capabilities
        builder.AddHeaderCache();         // memory, Redis
        builder.AddChanges();             // the log of changes
        builder.AddWatching();            // IMAP push
        builder.AddAccounts();            // Orleans, AccountGrain, AccountWaker
        builder.AddMessages();            // lengths of what was downloaded
        builder.AddKeys();                // API keys
        builder.AddWebhooks();            // endpoints, lanes, deliveries
        builder.AddGraphQL(
            new AccountsGraph(), new MailboxesGraph(), new MessagesGraph(), new BodiesGraph(), new WebhooksGraph(), new DeliveriesGraph(), new KeysGraph(),
            new ChangesGraph(), new FollowGraph(), new ChangedAccountGraph(), new ChangedMailboxGraph(), new ChangedMessageGraph());
        replace?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseHttp();
        app.UseOpenApiPage();
        app.MapHealth();
        app.MapOpenApi();
        var v1 = app.MapStrictGroup("/v1");
        v1.MapAccounts();
        v1.MapMailboxes();
        v1.MapMessages();
        v1.MapChanges();
        v1.MapWebhooks();
        v1.MapKeys();
        v1.MapTickets();
        app.MapGraphQL();
        return app;
    }
}
