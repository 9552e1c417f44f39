using System.Globalization;
using System.Security.Cryptography;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Win32.SafeHandles;

namespace ImapGateway.Cache.Disk;

/// <summary>Manages the folder <c>cache</c> in the data directory. Files are only deleted inside it, and only if the gateway has made it, as the mark in it shows.</summary>
public sealed class DiskFolder(DataDirectory data, IDataProtectionProvider protection, StoreEpoch epoch)
{
    private const int KeyLength = 32;

    /// <summary>The name of the mark. Backup programs know it (bford.info/cachedir).</summary>
    private const string MarkName = "CACHEDIR.TAG";

    private const string Draft = ".new";

    private const string Mark = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by ImapGateway, which deletes here what it likes. It costs nothing but time when all of it is lost.\n";

    /// <summary>The protector of the key. Data stored before the database was restored from a backup cannot be read any more: they may be about other messages than the same names are now.</summary>
    private IDataProtector Protector => protection.CreateProtector("ImapGateway.Cache.Disk", epoch.Value.ToString(CultureInfo.InvariantCulture));

    public string Root { get; } = data.Combine("cache");

    public string Messages => Path.Combine(Root, "messages");

    private string Drafts => Path.Combine(Root, "new");

    private string KeyFile => Path.Combine(Root, "key");

    /// <summary>The key of all content; null until <see cref="Open"/>.</summary>
    public byte[]? Key { get; private set; }

    /// <summary>Creates missing folders and files, and removes the drafts that were being written when the process ended.</summary>
    /// <exception cref="StartupException">The folder was not made by the gateway.</exception>
    public void Open()
    {
        Claim();
        DeleteTree(Drafts);
        CreatePrivate(Drafts);
        CreatePrivate(Messages);
        if (ReadKey() is not { } key)
        {
            // Content that was encrypted with a lost key is lost.
            DeleteTree(Messages);
            CreatePrivate(Messages);
            key = RandomNumberGenerator.GetBytes(KeyLength);
            WriteWhole(KeyFile, Protector.Protect(key));
        }
        Key = key;
    }

    /// <summary>Removes the folder, so that no mail stays on disk when the cache is switched off.</summary>
    public void Remove()
    {
        if (IsMarked)
        {
            // The mark is deleted last: files that remain after a crash must still be recognised.
            DeleteTree(Messages);
            DeleteTree(Drafts);
            File.Delete(KeyFile);
            DeleteTree(Root);
        }
    }

    public string NewDraft() => Path.Combine(Drafts, Guid.NewGuid().ToString("N"));

    /// <summary>Creates a file with mode 600.</summary>
    public static SafeFileHandle Create(string path)
    {
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        return file;
    }

    /// <summary>Creates a folder with mode 700, and all missing parents, to which .NET by itself would give the usual mode.</summary>
    public static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else if (!Directory.Exists(path))
        {
            CreatePrivate(Path.GetDirectoryName(path)!);
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    public static void DeleteTree(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The folder does not exist, as wanted.
        }
    }

    private bool IsMarked => File.Exists(Path.Combine(Root, MarkName));

    private void Claim()
    {
        if (IsMarked)
        {
            return;
        }
        if (Directory.Exists(Root) && Directory.EnumerateFileSystemEntries(Root).Any(entry => !entry.EndsWith(MarkName + Draft, StringComparison.Ordinal)))
        {
            throw new StartupException($"Cache:DiskBytes: {Root} is there and was not made by the gateway: move it away");
        }
        CreatePrivate(Root);
        WriteWhole(Path.Combine(Root, MarkName), System.Text.Encoding.ASCII.GetBytes(Mark));
    }

    private byte[]? ReadKey()
    {
        try
        {
            return File.Exists(KeyFile) && Protector.Unprotect(File.ReadAllBytes(KeyFile)) is { Length: KeyLength } key ? key : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Writes a new file and renames it, so that a crash leaves no incomplete file.</summary>
    private static void WriteWhole(string path, byte[] content)
    {
        var draft = path + Draft;
        File.Delete(draft);
        using (var file = Create(draft))
        {
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
        }
        File.Move(draft, path, overwrite: true);
    }
}
