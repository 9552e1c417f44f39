using ImapGateway.Settings;
using ImapGateway.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImapGateway.Storage;

public static class StorageExtensions
{
    /// <summary>The data directory, <see cref="IDatabase"/>, the key ring of Data Protection, and the health check "storage".</summary>
    public static IHostApplicationBuilder AddStorage(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<StorageOptions>("");
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<DataDirectory>();
        services.AddSingleton(provider => new SqliteFile(provider.GetRequiredService<DataDirectory>().Combine("gateway.db")));
        services.AddSingleton(provider => new SqliteDatabase(
            provider.GetRequiredService<SqliteFile>(),
            options => new SqliteGatewayDbContext(options),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SqliteDatabase>>()));
        services.AddSingleton<IDatabase>(provider => provider.GetRequiredService<SqliteDatabase>());
        services.AddSingleton<StorageStartup>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<StorageStartup>());
        services.AddHostedService(provider => provider.GetRequiredService<StorageStartup>());
        services.AddHealthChecks().AddCheck<StorageHealth>("storage");
        services.AddDataProtection().SetApplicationName("ImapGateway");
        services.AddOptions<KeyManagementOptions>().Configure<DataDirectory, ILoggerFactory>((options, directory, logs) =>
            options.XmlRepository = new FileSystemXmlRepository(directory.Folder("keys"), logs));
        return builder;
    }
}
