using ImapGateway.Settings;
using ImapGateway.Storage.Sqlite;

namespace ImapGateway.Storage;

/// <summary>Opens the storage before any other part of the host starts, and closes it after all have stopped.</summary>
internal sealed partial class StorageStartup(DataDirectory directory, SqliteFile file, SqliteDatabase database, ILogger<StorageStartup> log)
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
        var applied = await SqliteMigrations.ApplyAsync(file, options => new SqliteGatewayDbContext(options), cancel);
        if (applied.Count > 0)
        {
            LogMigrated(string.Join(", ", applied));
        }
        database.Open();
        _open = true;
    }

    /// <summary>For hosts that are started without <see cref="SettingsExtensions.RunValidatedAsync"/>.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) => RunAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => database.DisposeAsync().AsTask();

    [LoggerMessage(LogLevel.Information, "The database was migrated: {Migrations}")]
    private partial void LogMigrated(string migrations);
}
