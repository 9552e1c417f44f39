using System.Collections.Immutable;
using System.Security.Cryptography;

namespace ImapGateway.Storage.Backup;

/// <summary>A file of a backup, as it was when the backup was made.</summary>
/// <param name="Name">The path in the backup, with slashes.</param>
/// <param name="Size">The length in bytes.</param>
/// <param name="Sha256">The SHA-256 of the content in hexadecimal.</param>
internal sealed record BackupFile(string Name, long Size, string Sha256)
{
    public static ImmutableArray<BackupFile> AllIn(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => new BackupFile(Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'), new FileInfo(path).Length, HashOf(path)))
            .OrderBy(file => file.Name, StringComparer.Ordinal),
    ];

    /// <summary>Compares the file in a folder with this description.</summary>
    /// <returns>The difference; null if there is none.</returns>
    public string? FaultIn(string folder)
    {
        var file = new FileInfo(Path.Combine(folder, Name));
        try
        {
            return !file.Exists ? $"{Name} is missing"
                : file.Length != Size ? $"{Name} has {file.Length} bytes instead of {Size}"
                : HashOf(file.FullName) != Sha256 ? $"{Name} has another content than when the backup was made"
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"{Name} cannot be read: {failure.Message}";
        }
    }

    private static string HashOf(string path)
    {
        using var content = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }
}
