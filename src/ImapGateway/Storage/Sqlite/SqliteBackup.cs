using ImapGateway.Settings;
using ImapGateway.Storage.Backup;
using Microsoft.Data.Sqlite;

namespace ImapGateway.Storage.Sqlite;

/// <summary>
/// Makes backups of the data directory: the database as VACUUM INTO copies it, which reads one state of it while the gateway goes on writing, and the files beside it. The folder is a data directory
/// itself: a gateway can be started on it, or on a copy of it.
/// </summary>
internal sealed class SqliteBackup(DataDirectory directory, SqliteFile file, TimeProvider time)
{
    public const string FileName = "gateway.db";

    /// <summary>The files of the database, with those beside it while it is open.</summary>
    private static readonly string[] DatabaseFiles = [FileName, FileName + "-wal", FileName + "-shm"];

    /// <exception cref="StartupException">There is nothing to copy, or the copy cannot be written.</exception>
    public Task BackUpAsync(string path) => BackupFolder.MakeAsync(path, folder =>
    {
        var migration = Demand();
        var manifest = BackupManifest.Of(StorageProvider.Sqlite, time.GetUtcNow(), migration);
        var copy = Path.Combine(folder, FileName);
        try
        {
            // An empty file is made first: SQLite would make it readable for all.
            PrivateFile.Create(copy).Dispose();
            using (var source = file.OpenForReading())
            {
                source.Execute("VACUUM INTO $path", ("$path", copy));
            }
            Mark(copy, manifest.Description);
        }
        catch (SqliteException failure)
        {
            throw new StartupException($"The backup was not made: {failure.Message}");
        }
        DataFiles.Copy(directory.Path, folder);
        manifest.Write(folder);
        return Task.CompletedTask;
    });

    /// <exception cref="StartupException">The folder is not a backup, or the data directory has a database already.</exception>
    public void Restore(string folder)
    {
        var manifest = BackupManifest.Read(folder, StorageProvider.Sqlite);
        directory.Claim();
        if (DatabaseFiles.Select(directory.Combine).FirstOrDefault(File.Exists) is { } present)
        {
            throw new StartupException($"{present} exists: move {string.Join(", ", DatabaseFiles)} away first");
        }
        var draft = directory.Combine(FileName + ".restored");
        try
        {
            File.Delete(draft);
            DataFiles.Copy(folder, directory.Path);
            BackupFolder.Copy(Path.Combine(folder, FileName), draft);
            // The folder may be one that a gateway was started on, which removes the mark.
            Mark(draft, manifest.Description);
            PrivateFile.Sync(draft);
            File.Move(draft, file.Path, overwrite: false);
            PrivateFile.SyncFolder(directory.Path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SqliteException)
        {
            File.Delete(draft);
            throw new StartupException($"The backup was not restored: {failure.Message}");
        }
    }

    /// <exception cref="StartupException">There is no database, or a gateway uses it.</exception>
    public void MarkRestored(string reason)
    {
        Demand();
        directory.Claim();
        Mark(file.Path, reason);
    }

    /// <returns>The last migration of the database.</returns>
    private string Demand()
    {
        file.DemandOwnLog();
        return File.Exists(file.Path) ? SqliteMigrations.DemandPresent(file) : throw new StartupException($"DataDirectory: there is no database in {directory.Path}");
    }

    private static void Mark(string path, string reason)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        connection.Execute("PRAGMA synchronous = FULL");
        connection.Execute("UPDATE \"store\" SET \"Restored\" = $reason", ("$reason", reason));
    }
}
