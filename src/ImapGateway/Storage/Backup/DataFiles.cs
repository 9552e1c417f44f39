using ImapGateway.Settings;

namespace ImapGateway.Storage.Backup;

/// <summary>The files of the data directory that a backup contains beside the database: the admin key, the key ring if it is kept in files, and the mark of the cache folder.</summary>
internal static class DataFiles
{
    private const string AdminKey = "admin.key";

    /// <summary>The folder of the key ring. Keys are only ever added: one that is copied after the database has all keys of the copy.</summary>
    private const string Keys = "keys";

    private const string Cache = "cache";

    /// <summary>The mark of a cache folder that the gateway has made. In any other folder the gateway would delete files that are not its own.</summary>
    private static readonly string CacheMark = Path.Combine(Cache, "CACHEDIR.TAG");

    /// <summary>Copies the files of a data directory into the folder of a new backup.</summary>
    public static void Copy(string directory, string backup)
    {
        foreach (var file in SecretsIn(directory).Append(CacheMark).Where(file => File.Exists(Path.Combine(directory, file))))
        {
            PrivateFile.CreateFolder(Path.GetDirectoryName(Path.Combine(backup, file))!);
            BackupFolder.Copy(Path.Combine(directory, file), Path.Combine(backup, file));
        }
    }

    /// <summary>Demands that the data directory has no admin key and no keys that differ from those of the backup: after the restore they would be used with the restored database.</summary>
    /// <exception cref="StartupException">The message has a line for each such file.</exception>
    public static void DemandRoom(string backup, string directory)
    {
        var others = SecretsIn(directory).Select(file => (Present: Path.Combine(directory, file), Restored: Path.Combine(backup, file)))
            .Where(file => !File.Exists(file.Restored) || !File.ReadAllBytes(file.Present).AsSpan().SequenceEqual(File.ReadAllBytes(file.Restored))).ToList();
        if (others.Count > 0)
        {
            throw new StartupException([.. others.Select(file => $"{file.Present} is not a file of the backup: move it away first")]);
        }
    }

    /// <summary>Restores the files of a verified backup. Files that are there already are the same, see <see cref="DemandRoom"/>; a cache folder that is there stays as it is.</summary>
    /// <param name="made">Remembers the files that were made.</param>
    public static void Restore(BackupManifest manifest, string backup, string directory, RestoredFiles made)
    {
        var listed = manifest.Files.Select(file => file.Name.Replace('/', Path.DirectorySeparatorChar)).ToHashSet(StringComparer.Ordinal);
        var wanted = SecretsIn(backup).Concat(Directory.Exists(Path.Combine(directory, Cache)) ? [] : [CacheMark]);
        foreach (var file in wanted.Where(file => listed.Contains(file) && !File.Exists(Path.Combine(directory, file))))
        {
            made.Write(Path.Combine(directory, file), File.ReadAllBytes(Path.Combine(backup, file)));
        }
    }

    /// <summary>Returns the relative paths of the admin key and the key ring, as far as they exist.</summary>
    private static IEnumerable<string> SecretsIn(string directory)
    {
        var keys = Path.Combine(directory, Keys);
        var ring = Directory.Exists(keys) ? Directory.EnumerateFiles(keys, "*.xml").Select(file => Path.Combine(Keys, Path.GetFileName(file))) : [];
        return ring.Concat(File.Exists(Path.Combine(directory, AdminKey)) ? [AdminKey] : []);
    }
}
