using Orleans.Configuration;

namespace ImapGateway.Accounts;

public static class AccountsExtensions
{
    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<CredentialProtector>();
        builder.Services.AddSingleton<AccountStore>();
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
            silo.AddOutgoingGrainCallFilter<RequestTrace>();
            // It warns of a stall at every start, when there is none.
            silo.Services.Configure<LoggerFilterOptions>(filter => filter.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error));
        });
    }
}
