using ImapGateway.Mail;
using ImapGateway.Settings;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage.Sqlite;

/// <summary>The file <c>gateway.db</c> and the folder <c>keys</c>, both in the data directory, which is held when it is opened.</summary>
public sealed class SqliteStorage : IStorage
{
    private readonly SqliteFile _file;
    private readonly SqliteDatabase _database;
    private readonly Lazy<IXmlRepository> _keyRing;

    public SqliteStorage(DataDirectory directory, TimeProvider time, ILoggerFactory logs)
    {
        _file = new SqliteFile(directory.Combine("gateway.db"));
        _database = new SqliteDatabase(_file, options => new SqliteGatewayDbContext(options), time, logs.CreateLogger<SqliteDatabase>());
        _keyRing = new Lazy<IXmlRepository>(() => new FileSystemXmlRepository(directory.Folder("keys"), logs));
    }

    public IDatabase Database => _database;

    public event Action<Exception>? Failed
    {
        add => _database.WriterFailed += value;
        remove => _database.WriterFailed -= value;
    }

    public IXmlRepository KeyRing => _keyRing.Value;

    public async Task<IReadOnlyList<string>> OpenAsync(Action whileAlone, CancellationToken cancel)
    {
        var applied = await MigrateAsync(cancel);
        whileAlone();
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

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
