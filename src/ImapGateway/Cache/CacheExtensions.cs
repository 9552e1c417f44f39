using ImapGateway.Cache.Disk;
using ImapGateway.Settings;
using Microsoft.Extensions.Options;

namespace ImapGateway.Cache;

public static class CacheExtensions
{
    public static void AddHeaderCache(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<CacheOptions>("Cache");
        builder.AddSettings<RedisOptions>("Redis");
        builder.Services.AddSingleton(services => new HeaderMemory(services.GetRequiredService<IOptions<CacheOptions>>().Value.MemoryBytes));
        builder.Services.AddSingleton<CacheMetrics>();
        builder.Services.AddSingleton<RedisLink>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RedisLink>());
        builder.Services.AddSingleton<RedisHeaders>();
        builder.Services.AddSingleton<DiskFolder>();
        builder.Services.AddSingleton<DiskRoom>();
        builder.Services.AddSingleton<DiskCache>();
        builder.Services.AddHostedService(services => services.GetRequiredService<DiskCache>());
        builder.Services.AddSingleton<HeaderCache>();
    }
}
