using ImapGateway.Responses;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
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
        builder.Services.AddUsableNumbers("change", nameof(ChangeEntity.Row), PurgedRowAsync);
        builder.Services.AddSingleton<StoreStart>();
        builder.Services.AddSingleton<IStartupStep>(services => services.GetRequiredService<StoreStart>());
        builder.Services.AddSingleton<GlobalFeed>();
        builder.Services.AddSingleton<LongPoll>();
        builder.Services.AddHostedService<RetentionWorker>();
        builder.Services.TryAddSingleton<FatalFault>();
        builder.Services.AddHostedService<StampWorker>();
    }

    /// <summary>Returns the last row that retention has deleted: its number must not be given again.</summary>
    private static Task<long> PurgedRowAsync(GatewayDbContext db, CancellationToken cancel) => db.Set<StoreEntity>().Select(store => store.PurgedRow).FirstOrDefaultAsync(cancel);
}
