using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage.Sqlite;

/// <summary>The storage in the file <c>gateway.db</c> and the folder <c>keys</c>, both in the data directory, which is locked when it is opened.</summary>
public sealed class SqliteStorage : IStorage
{
    private readonly SqliteFile _file;
    private readonly SqliteBackup _backup;
    private readonly SqliteDatabase _database;
    private readonly Lazy<IKeyRing> _keyRing;

    public SqliteStorage(DataDirectory directory, TimeProvider time, ILoggerFactory logs)
    {
        _file = new SqliteFile(directory.Combine(SqliteBackup.FileName));
        _backup = new SqliteBackup(directory, _file, time);
        _database = new SqliteDatabase(_file, options => new SqliteGatewayDbContext(options), time, logs.CreateLogger<SqliteDatabase>());
        _keyRing = new Lazy<IKeyRing>(() => new FileKeyRing(directory.Folder("keys"), logs));
    }

    public IDatabase Database => _database;

    public event Action<Exception>? Failed
    {
        add => _database.WriterFailed += value;
        remove => _database.WriterFailed -= value;
    }

    public IKeyRing KeyRing => _keyRing.Value;

    public async Task<IReadOnlyList<string>> OpenAsync(IKeyRingGuard guard, CancellationToken cancel)
    {
        _backup.DemandCompleted();
        _file.DemandOwnLog();
        guard.Verify(KeyRing);
        var applied = await MigrateAsync(cancel);
        guard.Protect(KeyRing);
        _database.Open();
        return applied;
    }

    private async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancel)
    {
        try
        {
            return await SqliteMigrations.ApplyAsync(_file, options => new SqliteGatewayDbContext(options), cancel);
        }
        catch (Exception failure) when (SqliteFailure.Translate(failure) is ProblemException { Code: ErrorCode.StorageCorrupt })
        {
            throw new StartupException($"DataDirectory: {_file.Path} is damaged ({failure.Message}): keep a copy of it, check the disk, and restore it from a backup");
        }
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        _database.ThrowIfCorrupt();
        await _database.ReadAsync((read, token) => read.Database.ExecuteSqlAsync($"SELECT count(*) FROM sqlite_master", token), cancel);
        if (_database.WritesFail)
        {
            await _database.WriteAsync((write, token) => write.Database.ExecuteSqlAsync($"PRAGMA user_version = 0", token), cancel);
        }
    }

    public Task BackUpAsync(string path, CancellationToken cancel) => _backup.BackUpAsync(path);

    public Task RestoreAsync(string folder, CancellationToken cancel)
    {
        _backup.Restore(folder);
        return Task.CompletedTask;
    }

    public Task MarkRestoredAsync(string reason, CancellationToken cancel)
    {
        _backup.MarkRestored(reason);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
