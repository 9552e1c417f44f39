using ImapGateway.Settings;

namespace ImapGateway.Changes;

public static class ChangesExtensions
{
    public static void AddChanges(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<ChangesOptions>("Changes");
        builder.Services.AddSingleton<ChangeLog>();
        builder.Services.AddSingleton<StoreIncarnation>();
        builder.Services.AddSingleton<IStartupStep>(services => services.GetRequiredService<StoreIncarnation>());
        builder.Services.AddSingleton<GlobalFeed>();
        builder.Services.AddSingleton<LongPoll>();
        builder.Services.AddHostedService<RetentionWorker>();
    }
}
