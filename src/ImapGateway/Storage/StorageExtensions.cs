using ImapGateway.Settings;
using ImapGateway.Storage.Postgres;
using ImapGateway.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ImapGateway.Storage;

public static class StorageExtensions
{
    /// <summary>The data directory, <see cref="IDatabase"/> on SQLite or PostgreSQL, the key ring of Data Protection, and the health check "storage".</summary>
    public static IHostApplicationBuilder AddStorage(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<DataDirectoryOptions>("");
        builder.AddSettings<StorageOptions>("Storage");
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<FatalFault>();
        services.AddSingleton<DataDirectory>();
        services.AddSingleton(Choose);
        services.AddSingleton(provider => provider.GetRequiredService<IStorage>().Database);
        services.AddSingleton<StorageStartup>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<StorageStartup>());
        services.AddHostedService(provider => provider.GetRequiredService<StorageStartup>());
        services.AddHealthChecks().AddCheck<StorageHealth>("storage");
        services.AddDataProtection().SetApplicationName("ImapGateway");
        services.AddOptions<KeyManagementOptions>().Configure<IStorage>((options, storage) => options.XmlRepository = storage.KeyRing);
        return builder;
    }

    private static IStorage Choose(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<StorageOptions>>().Value;
        return options.Provider == StorageProvider.Postgres
            ? ActivatorUtilities.CreateInstance<PostgresStorage>(provider, options.ConnectionString)
            : ActivatorUtilities.CreateInstance<SqliteStorage>(provider);
    }
}
