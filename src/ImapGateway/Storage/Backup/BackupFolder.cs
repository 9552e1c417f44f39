using System.Security.Cryptography;
using ImapGateway.Settings;

namespace ImapGateway.Storage.Backup;

/// <summary>Makes the folder of a backup. It is complete and durable under its name, or does not exist. Only the user who made it can read it.</summary>
internal static class BackupFolder
{
    /// <param name="path">The path of the folder, which must not exist; its parent must.</param>
    /// <param name="fill">Writes the content into the given folder.</param>
    /// <exception cref="StartupException">The folder exists, or cannot be written.</exception>
    public static async Task MakeAsync(string path, Func<string, Task> fill)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.Exists(target))
        {
            throw new StartupException($"{target} exists already: name a folder that does not");
        }
        var parent = Path.GetDirectoryName(target);
        if (!Directory.Exists(parent))
        {
            throw new StartupException($"{parent} does not exist");
        }
        // The draft is in the same folder, so that it can be renamed.
        var draft = $"{target}.partial_{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        try
        {
            PrivateFile.CreateFolder(draft);
            await fill(draft);
            SyncAll(draft);
            Directory.Move(draft, target);
            PrivateFile.SyncFolder(parent);
        }
        catch (Exception failure)
        {
            Remove(draft);
            throw failure is IOException or UnauthorizedAccessException ? new StartupException($"The backup was not made: {failure.Message}") : failure;
        }
    }

    /// <summary>Copies a file; the copy has mode 600.</summary>
    public static void Copy(string from, string to)
    {
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = PrivateFile.Create(to);
        source.CopyTo(copy);
        copy.Flush(flushToDisk: true);
    }

    private static void SyncAll(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            PrivateFile.Sync(file);
        }
        foreach (var inner in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).Append(folder))
        {
            PrivateFile.SyncFolder(inner);
        }
    }

    private static void Remove(string draft)
    {
        try
        {
            Directory.Delete(draft, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The draft was not made, or stays under a name that says what it is.
        }
    }
}
