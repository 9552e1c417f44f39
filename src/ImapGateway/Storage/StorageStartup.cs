using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;
using Microsoft.AspNetCore.DataProtection;

namespace ImapGateway.Storage;

/// <summary>Opens the storage before any other part of the host starts, and closes it after all have stopped.</summary>
internal sealed partial class StorageStartup(DataDirectory directory, IStorage storage, KeyRingGuard guard, FatalFault fatal, IServiceProvider services, ILogger<StorageStartup> log)
    : IStartupStep, IHostedLifecycleService
{
    private bool _open;

    public async Task RunAsync(CancellationToken cancel)
    {
        if (_open)
        {
            return;
        }
        directory.Claim();
        storage.Failed += fatal.End;
        var applied = await storage.OpenAsync(guard, cancel);
        MakeFirstKey();
        if (applied.Count > 0)
        {
            LogMigrated(string.Join(", ", applied));
        }
        _open = true;
    }

    /// <summary>Makes the first key. A ring that cannot be written is noticed at the start, not when the first secret is stored.</summary>
    private void MakeFirstKey() => services.GetRequiredService<IDataProtectionProvider>().CreateProtector(nameof(StorageStartup)).Protect([]);

    /// <summary>Opens the storage for hosts that are started without <see cref="SettingsExtensions.RunValidatedAsync"/>.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) => RunAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => storage.DisposeAsync().AsTask();

    [LoggerMessage(LogLevel.Information, "The database was migrated: {Migrations}")]
    private partial void LogMigrated(string migrations);
}
