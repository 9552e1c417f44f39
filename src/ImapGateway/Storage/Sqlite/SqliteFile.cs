using ImapGateway.Settings;
using Microsoft.Data.Sqlite;

namespace ImapGateway.Storage.Sqlite;

/// <summary>Opens the database file for reading or for writing.</summary>
public sealed class SqliteFile(string path)
{
    private const int BusySeconds = 5;

    /// <summary>The offset in the file's header of the write version: 1 for a rollback journal, 2 for a write-ahead log (https://www.sqlite.org/fileformat.html, section 1.3.3).</summary>
    private const int WriteVersion = 18;

    public string Path { get; } = path;

    /// <summary>
    /// Refuses a write-ahead log of another database. SQLite does not check that: it would apply the log of a database that was here before to a backup that was copied over it. A backup has
    /// never had a log, which its header shows.
    /// </summary>
    /// <exception cref="StartupException">The log belongs to another database.</exception>
    public void DemandOwnLog()
    {
        if (new FileInfo(Path) is { Exists: true, Length: > WriteVersion } && new FileInfo($"{Path}-wal") is { Exists: true, Length: > 0 } log)
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Position = WriteVersion;
            if (file.ReadByte() == 1)
            {
                throw new StartupException($"DataDirectory: {Path} is a copy of a database, but {log.FullName} is the log of the database that was there before: move {log.Name} and {System.IO.Path.GetFileName(Path)}-shm away");
            }
        }
    }

    public SqliteConnection OpenForReading()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString());
        connection.Open();
        return connection;
    }

    /// <summary>
    /// Opens the file for the one writer. WAL lets readers go on in parallel; FULL syncs at every commit: with NORMAL a power loss undoes acknowledged writes, and a
    /// sequence number whose webhook was sent would be given again. auto_vacuum would move pages at every commit.
    /// </summary>
    public SqliteConnection OpenForWriting()
    {
        if (!File.Exists(Path))
        {
            CreatePrivate();
        }
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Mode = SqliteOpenMode.ReadWrite,
            ForeignKeys = true,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString());
        connection.Open();
        connection.Execute($"""
            PRAGMA auto_vacuum = NONE;
            PRAGMA busy_timeout = {BusySeconds * 1000};
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA foreign_keys = ON;
            PRAGMA journal_size_limit = 67108864;
            """);
        return connection;
    }

    /// <summary>Creates the file with its mode. SQLite gives -wal and -shm the mode of the file itself, and would have made it readable for all.</summary>
    private void CreatePrivate()
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        new FileStream(Path, options).Dispose();
    }
}

public static class SqliteCommands
{
    public static void Execute(this SqliteConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }
        command.ExecuteNonQuery();
    }
}
