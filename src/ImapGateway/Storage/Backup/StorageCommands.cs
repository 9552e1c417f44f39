using ImapGateway.Settings;

namespace ImapGateway.Storage.Backup;

/// <summary>Runs the commands <c>storage backup</c>, <c>storage restore</c> and <c>storage restored</c>. They open the storage of the settings, and start nothing.</summary>
public static class StorageCommands
{
    private const string ByOperator = "\"storage restored\" was called";

    public static IReadOnlyList<Command> All { get; } =
    [
        new Command("storage backup", ["DIR"], "copy the database, the key ring and the admin key to a new folder, also while the gateway runs", (parameters, settings) => RunAsync(
            settings,
            storage => storage.BackUpAsync(parameters[0], CancellationToken.None),
            $"The backup is in {parameters[0]}. It contains credentials: protect it as you protect the data directory.")),
        new Command("storage restore", ["DIR"], "restore a backup into an empty data directory or database", (parameters, settings) => RunAsync(
            settings,
            storage => storage.RestoreAsync(Path.GetFullPath(parameters[0]), CancellationToken.None),
            "The backup is restored. From the next start on, ids and positions that were issued after the backup was made return 410.")),
        new Command("storage restored", [], "say that the database was restored by other means", (_, settings) => RunAsync(
            settings,
            storage => storage.MarkRestoredAsync(ByOperator, CancellationToken.None),
            "The database is marked as restored. From the next start on, ids and positions that were issued after the copy was made return 410.")),
    ];

    private static async Task<int> RunAsync(string[] settings, Func<IStorage, Task> run, string done)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = settings, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.AddStorage();
        await using var app = builder.Build();
        app.Services.ValidateSettings();
        await using (var storage = app.Services.GetRequiredService<IStorage>())
        {
            await run(storage);
        }
        await Console.Out.WriteLineAsync(done);
        return 0;
    }
}
