using ImapGateway.Responses;
using ImapGateway.Settings;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ImapGateway.Changes;

public static class ChangesExtensions
{
    public static void AddChanges(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<ChangesOptions>("Changes");
        builder.Services.AddOptions<ListTagOptions>().Configure<IOptions<ChangesOptions>>((tags, changes) => tags.Lifetime = changes.Value.Retention / 2);
        builder.Services.AddSingleton<ChangeLog>();
        builder.Services.AddSingleton<StoreStart>();
        builder.Services.AddSingleton<IStartupStep>(services => services.GetRequiredService<StoreStart>());
        builder.Services.AddSingleton<GlobalFeed>();
        builder.Services.AddSingleton<LongPoll>();
        builder.Services.AddHostedService<RetentionWorker>();
        builder.Services.TryAddSingleton<FatalFault>();
        builder.Services.AddHostedService<StampWorker>();
    }
}
