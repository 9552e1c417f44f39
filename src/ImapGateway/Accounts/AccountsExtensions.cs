using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Orleans.Configuration;

namespace ImapGateway.Accounts;

public static class AccountsExtensions
{
    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<CredentialProtector>();
        builder.Services.AddUsableIds("account", AccountId.IsValid, () => ObjectId.NewRandom(AccountId.Prefix));
        builder.Services.AddSingleton<AccountStore>();
        builder.Services.AddSingleton<IAccountFeeds>(services => services.GetRequiredService<AccountStore>());
        builder.Services.AddSingleton<AccountVerifier>();
        builder.Services.AddSingleton<AccountRegistry>();
        builder.Services.AddSingleton<SessionFactory>();
        builder.Services.AddSingleton<AccountRemover>();
        builder.Services.AddHostedService(services => services.GetRequiredService<AccountRemover>());
        builder.UseOrleans(silo =>
        {
            silo.UseSingleSilo();
            // Otherwise a call whose caller has given up goes on in the grain.
            silo.Configure<SiloMessagingOptions>(options => options.CancelRequestOnTimeout = true);
            // A stream that no client has pulled from for this time is ended: slow clients of downloads need a long time.
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = IAccountGrain.LongestPause);
            silo.AddOutgoingGrainCallFilter<RequestTrace>();
            silo.AddOutgoingGrainCallFilter<ActivationFailures>();
            // Only grains of accounts that do not exist are ever collected: an account stays active.
            silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = TimeSpan.FromMinutes(2));
            // At every start one warns of a stall that does not exist, and the other of a garbage collector that suits only a server with a single program.
            silo.Services.Configure<LoggerFilterOptions>(filter => filter.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error).AddFilter("Orleans.Runtime.Silo", LogLevel.Error));
        });
        // It is registered after Orleans: it needs the silo, and stops before it.
        builder.Services.AddHostedService<AccountWaker>();
    }
}
