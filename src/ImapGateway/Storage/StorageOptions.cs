using ImapGateway.Settings;
using ImapGateway.Storage.Postgres;

namespace ImapGateway.Storage;

public enum StorageProvider
{
    /// <summary>A file in the data directory.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server, version 13 or later.</summary>
    Postgres,
}

/// <summary>Section "Storage".</summary>
public sealed class StorageOptions : ISettings
{
    public StorageProvider Provider { get; set; }

    /// <summary>As Npgsql reads it: Host=...;Database=...;Username=...;Password=.... Only for PostgreSQL. Holds a secret: never shown, not even in part.</summary>
    public string ConnectionString { get; set; } = "";

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (Provider == StorageProvider.Postgres)
        {
            return PostgresConnectionString.FaultOf(ConnectionString) is { } fault ? [(nameof(ConnectionString), fault)] : [];
        }
        // Else a gateway that was meant to use a server would begin anew in a file.
        return ConnectionString.Length == 0 ? [] : [(nameof(ConnectionString), "is for PostgreSQL: set Storage:Provider to Postgres, or remove it")];
    }
}
