using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;
using ImapGateway.Storage.Postgres;

namespace ImapGateway.Storage;

public enum StorageProvider
{
    /// <summary>SQLite: a file in the data directory.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server, version 13 or later.</summary>
    Postgres,
}

/// <summary>The settings of the section "Storage".</summary>
public sealed class StorageOptions : ISettings
{
    public StorageProvider Provider { get; set; }

    /// <summary>The connection string in Npgsql's form: Host=...;Database=...;Username=...;Password=.... Only for PostgreSQL. It contains a secret: never shown, not even in part.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The time that the start waits for a PostgreSQL server that is unavailable, and for another gateway to give the database back.</summary>
    public TimeSpan WaitAtStart { get; set; }

    /// <summary>
    /// The keys that encrypt the key ring: file:PATH, env:NAME, certificate:PATH, certificate:PATH;PASSWORDFILE, or none. The first one encrypts, the others only decrypt. Needed for
    /// PostgreSQL; on SQLite the ring is in files of the data directory, where a key would be beside what it protects.
    /// </summary>
    public IReadOnlyList<string> KeyEncryption { get; set; } = [];

    public IEnumerable<(string Key, string Message)> Validate() => [.. ProviderFaults(), .. KeyFaults(), .. WaitFaults()];

    private IEnumerable<(string Key, string Message)> WaitFaults() => WaitAtStart < TimeSpan.Zero ? [(nameof(WaitAtStart), "must not be negative")] : [];

    private IEnumerable<(string Key, string Message)> KeyFaults()
    {
        if (Provider == StorageProvider.Postgres && KeyEncryption.Count == 0)
        {
            yield return (nameof(KeyEncryption), "is needed for PostgreSQL: file:PATH, env:NAME or certificate:PATH; with none whoever reads the database can decrypt all mail passwords");
        }
        foreach (var (at, source) in KeyEncryption.Index())
        {
            if (KeySource.FaultOf(source) is { } fault)
            {
                yield return (KeyEncryption.Count > 1 ? $"{nameof(KeyEncryption)}:{at}" : nameof(KeyEncryption), fault);
            }
        }
    }

    private IEnumerable<(string Key, string Message)> ProviderFaults()
    {
        if (Provider == StorageProvider.Postgres)
        {
            return PostgresConnectionString.FaultOf(ConnectionString) is { } fault ? [(nameof(ConnectionString), fault)] : [];
        }
        // Otherwise a gateway that was meant to use a server would begin with an empty file.
        return ConnectionString.Length == 0 ? [] : [(nameof(ConnectionString), "is for PostgreSQL: set Storage:Provider to Postgres, or remove it")];
    }
}
