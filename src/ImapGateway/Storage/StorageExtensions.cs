using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;
using ImapGateway.Storage.Postgres;
using ImapGateway.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ImapGateway.Storage;

public static class StorageExtensions
{
    /// <summary>Registers the data directory, <see cref="IDatabase"/> on SQLite or PostgreSQL, the key ring of Data Protection, and the health check "storage".</summary>
    public static IHostApplicationBuilder AddStorage(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<DataDirectoryOptions>("");
        builder.AddSettings<StorageOptions>("Storage");
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<FatalFault>();
        services.AddSingleton<DataDirectory>();
        services.AddSingleton<StoreEpoch>();
        services.AddSingleton<StoreStamp>();
        services.AddSingleton(Choose);
        services.AddSingleton(provider => provider.GetRequiredService<IStorage>().Database);
        services.AddSingleton<StorageStartup>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<StorageStartup>());
        services.AddHostedService(provider => provider.GetRequiredService<StorageStartup>());
        services.AddHealthChecks().AddCheck<StorageHealth>("storage");
        services.AddDataProtection().SetApplicationName("ImapGateway");
        services.AddSingleton<KeyEncryption>();
        services.AddSingleton<KeyRingGuard>();
        services.AddOptions<KeyManagementOptions>().Configure<IStorage, KeyEncryption>((options, storage, keys) =>
        {
            options.XmlRepository = storage.KeyRing;
            options.XmlEncryptor = keys.First is { } key ? new KeyRingEncryptor(key) : null;
        });
        return builder;
    }

    /// <summary>Replaces damaged ids of a table at start; see <see cref="UsableIds"/>.</summary>
    public static IServiceCollection AddUsableIds(this IServiceCollection services, string table, Predicate<string> isUsable, Func<string> next) =>
        services.AddSingleton<IStartupStep>(provider => new UsableIds(table, isUsable, next, provider.GetRequiredService<IDatabase>(), provider.GetRequiredService<ILogger<UsableIds>>()));

    /// <summary>Repairs damaged numbers of a table at start; see <see cref="UsableNumbers"/>.</summary>
    public static IServiceCollection AddUsableNumbers(this IServiceCollection services, string table, string column, Func<GatewayDbContext, CancellationToken, Task<long>> floor) =>
        services.AddSingleton<IStartupStep>(provider => new UsableNumbers(table, column, floor, provider.GetRequiredService<IDatabase>(), provider.GetRequiredService<ILogger<UsableNumbers>>()));

    private static IStorage Choose(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<StorageOptions>>().Value;
        return options.Provider == StorageProvider.Postgres
            ? ActivatorUtilities.CreateInstance<PostgresStorage>(provider, options)
            : ActivatorUtilities.CreateInstance<SqliteStorage>(provider);
    }
}
