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
            // A call whose caller has given up goes on in the grain otherwise.
            silo.Configure<SiloMessagingOptions>(options => options.CancelRequestOnTimeout = true);
            // A stream that nobody has pulled from for as long as this is ended: slow clients of downloads need it long.
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = IAccountGrain.LongestPause);
            silo.AddOutgoingGrainCallFilter<RequestTrace>();
            silo.AddOutgoingGrainCallFilter<ActivationFailures>();
            // Only what was asked for and does not exist is ever collected: an account stays with its owner.
            silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = TimeSpan.FromMinutes(2));
            // At every start one warns of a stall, when there is none, and the other of a garbage collector that suits a server of one program only.
            silo.Services.Configure<LoggerFilterOptions>(filter => filter.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error).AddFilter("Orleans.Runtime.Silo", LogLevel.Error));
        });
        // After Orleans: it needs the silo, and stops before it.
        builder.Services.AddHostedService<AccountWaker>();
    }
}
