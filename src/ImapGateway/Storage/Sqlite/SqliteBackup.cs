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

    /// <summary>The database while it is restored, with the journal that SQLite makes beside it. It is renamed at the end.</summary>
    private static readonly string[] DraftFiles = [FileName + ".restored", FileName + ".restored-journal"];

    private string Draft => directory.Combine(DraftFiles[0]);

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

    /// <exception cref="StartupException">The folder is not a complete backup, or the data directory has a database already; nothing is restored.</exception>
    public void Restore(string folder)
    {
        var manifest = BackupManifest.Read(folder, StorageProvider.Sqlite);
        directory.Claim();
        if (DatabaseFiles.Select(directory.Combine).FirstOrDefault(File.Exists) is { } present)
        {
            throw new StartupException($"{present} exists: move {string.Join(", ", DatabaseFiles)} away first");
        }
        try
        {
            DataFiles.DemandRoom(folder, directory.Path);
            using var made = new RestoredFiles();
            DeleteDraft();
            BackupFolder.Copy(Path.Combine(folder, FileName), Draft);
            DemandSound();
            Mark(Draft, manifest.Description);
            PrivateFile.Sync(Draft);
            DataFiles.Restore(manifest, folder, directory.Path, made);
            File.Move(Draft, file.Path, overwrite: false);
            made.Keep();
            PrivateFile.SyncFolder(directory.Path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new StartupException($"The backup was not restored: {failure.Message}");
        }
        finally
        {
            DeleteDraft();
        }
    }

    /// <summary>Demands that no restore was interrupted: with its keys and without its database the gateway would begin with an empty one.</summary>
    /// <exception cref="StartupException">One was.</exception>
    public void DemandCompleted()
    {
        if (File.Exists(Draft) && !File.Exists(file.Path))
        {
            throw new StartupException($"DataDirectory: a restore was interrupted: run \"storage restore\" again, or delete {Draft}");
        }
    }

    private void DeleteDraft()
    {
        foreach (var left in DraftFiles)
        {
            File.Delete(directory.Combine(left));
        }
    }

    /// <summary>Checks the structure of the restored database. The backup was compared with its manifest, but the database may have been damaged before.</summary>
    private void DemandSound()
    {
        using var connection = new SqliteFile(Draft).OpenForReading();
        using var check = connection.CreateCommand();
        check.CommandText = "PRAGMA quick_check(1)";
        if (check.ExecuteScalar() is not "ok" and var fault)
        {
            throw new StartupException($"The backup was not restored: its database is damaged: {fault}");
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
