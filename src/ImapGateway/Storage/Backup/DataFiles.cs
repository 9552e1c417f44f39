namespace ImapGateway.Storage.Backup;

/// <summary>Copies the files of the data directory that a backup contains beside the database: the admin key, the key ring if it is kept in files, and the mark of the cache folder.</summary>
internal static class DataFiles
{
    private static readonly string[] Files = ["admin.key", Path.Combine("cache", "CACHEDIR.TAG")];

    /// <summary>The folder of the key ring. Keys are only ever added: one that is copied after the database has all keys of the copy.</summary>
    private const string Keys = "keys";

    /// <summary>Copies the files. Files that exist already stay as they are.</summary>
    /// <param name="from">A data directory, or a backup.</param>
    /// <param name="to">The other of the two directories.</param>
    public static void Copy(string from, string to)
    {
        var keys = Path.Combine(from, Keys);
        var found = Files.Concat(Directory.Exists(keys) ? Directory.EnumerateFiles(keys, "*.xml").Select(file => Path.Combine(Keys, Path.GetFileName(file))) : []);
        foreach (var file in found.Where(file => File.Exists(Path.Combine(from, file)) && !File.Exists(Path.Combine(to, file))))
        {
            PrivateFile.CreateFolder(Path.GetDirectoryName(Path.Combine(to, file))!);
            BackupFolder.Copy(Path.Combine(from, file), Path.Combine(to, file));
        }
    }
}
