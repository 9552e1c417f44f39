using System.Collections.Immutable;
using System.Text.Json;
using ImapGateway.Settings;
using ImapGateway.Storage.Sqlite;

namespace ImapGateway.Storage.Backup;

/// <summary>The file <c>backup.json</c> with the contents of a backup; it is written last.</summary>
/// <param name="Format">The format of this file and of those that it names.</param>
/// <param name="Provider">The kind of database.</param>
/// <param name="MadeAt">The time when the copy began; the copy shows the database at this time.</param>
/// <param name="Migration">The last migration of the database.</param>
internal sealed record BackupManifest(int Format, StorageProvider Provider, DateTimeOffset MadeAt, string Migration)
{
    private const string FileName = "backup.json";
    private const int Present = 2;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = true,
    };

    /// <summary>The tables of PostgreSQL, each in a file of its own as COPY writes it. A table comes after those that it refers to.</summary>
    public ImmutableArray<BackupTable> Tables { get; init; } = [];

    /// <summary>All files of the backup except this one.</summary>
    public ImmutableArray<BackupFile> Files { get; init; } = [];

    public static BackupManifest Of(StorageProvider provider, DateTimeOffset now, string migration) => new(Present, provider, now, migration);

    /// <summary>The description for the log of the first start after the restore.</summary>
    public string Description => $"it is a backup that was made at {MadeAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";

    /// <summary>Reads the manifest of a backup and verifies all files that it lists.</summary>
    /// <exception cref="StartupException">The folder is not a complete backup of this kind of database.</exception>
    public static BackupManifest Read(string folder, StorageProvider provider)
    {
        var manifest = Parse(folder, provider);
        var needed = provider == StorageProvider.Sqlite ? [SqliteBackup.FileName] : manifest.Tables.Select(table => table.FileName);
        if (needed.FirstOrDefault(name => manifest.Files.All(file => file.Name != name)) is { } missing)
        {
            throw new StartupException($"{folder} is not a complete backup: {FileName} does not list {missing}");
        }
        var faults = manifest.Files.Select(file => file.FaultIn(folder)).OfType<string>().ToList();
        return faults.Count == 0 ? manifest : throw new StartupException([.. faults.Select(fault => $"{folder} is damaged: {fault}")]);
    }

    private static BackupManifest Parse(string folder, StorageProvider provider)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<BackupManifest>(File.ReadAllBytes(Path.Combine(folder, FileName)), Json)!;
            return manifest.Format != Present ? throw new StartupException($"{folder} was made by another version of the gateway")
                : manifest.Provider != provider ? throw new StartupException($"{folder} is a backup of {manifest.Provider}, and Storage:Provider is {provider}")
                : manifest;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new StartupException($"{folder} is not a complete backup: {failure.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>Lists the files of the folder and writes the manifest beside them.</summary>
    public void Write(string folder) =>
        PrivateFile.Write(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this with { Files = BackupFile.AllIn(folder) }, Json));
}

/// <param name="Name">The name of the table.</param>
/// <param name="Columns">The columns in the order in which they were copied.</param>
/// <param name="Identity">The column that the database numbers, if there is one.</param>
/// <param name="LastNumber">The last number that the database gave.</param>
internal sealed record BackupTable(string Name, ImmutableArray<string> Columns, string? Identity, long LastNumber)
{
    public string FileName => $"{Name}.copy";
}
