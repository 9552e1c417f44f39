using System.Globalization;
using System.Security.Cryptography;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Win32.SafeHandles;

namespace ImapGateway.Cache.Disk;

/// <summary>The folder <c>cache</c> in the data directory: nothing is ever deleted but in it, and only where the gateway has made it, which the mark in it tells.</summary>
public sealed class DiskFolder(DataDirectory data, IDataProtectionProvider protection, StoreEpoch epoch)
{
    private const int KeyLength = 32;

    /// <summary>Programs that make backups know it (bford.info/cachedir).</summary>
    private const string MarkName = "CACHEDIR.TAG";

    private const string Draft = ".new";

    private const string Mark = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by ImapGateway, which deletes here what it likes. It costs nothing but time when all of it is lost.\n";

    /// <summary>What was kept before the database was restored from a backup cannot be read any more: it may be about other messages than the same names are now.</summary>
    private IDataProtector Protector => protection.CreateProtector("ImapGateway.Cache.Disk", epoch.Value.ToString(CultureInfo.InvariantCulture));

    public string Root { get; } = data.Combine("cache");

    public string Messages => Path.Combine(Root, "messages");

    private string Drafts => Path.Combine(Root, "new");

    private string KeyFile => Path.Combine(Root, "key");

    /// <summary>Of all content; null until <see cref="Open"/>.</summary>
    public byte[]? Key { get; private set; }

    /// <summary>Makes what is missing, and removes what was being written when the process ended.</summary>
    /// <exception cref="StartupException">It is somebody else's.</exception>
    public void Open()
    {
        Claim();
        DeleteTree(Drafts);
        CreatePrivate(Drafts);
        CreatePrivate(Messages);
        if (ReadKey() is not { } key)
        {
            // What was encrypted with a key that is lost is lost.
            DeleteTree(Messages);
            CreatePrivate(Messages);
            key = RandomNumberGenerator.GetBytes(KeyLength);
            WriteWhole(KeyFile, Protector.Protect(key));
        }
        Key = key;
    }

    /// <summary>Where the cache is switched off, mail does not lie about.</summary>
    public void Remove()
    {
        if (IsMarked)
        {
            // The mark last: what a crash leaves must still be known.
            DeleteTree(Messages);
            DeleteTree(Drafts);
            File.Delete(KeyFile);
            DeleteTree(Root);
        }
    }

    public string NewDraft() => Path.Combine(Drafts, Guid.NewGuid().ToString("N"));

    /// <summary>Mode 600.</summary>
    public static SafeFileHandle Create(string path)
    {
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        return file;
    }

    /// <summary>Mode 700, and all on the way, to which .NET by itself would give the usual mode.</summary>
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
            // As wanted.
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

    /// <summary>Written beside and renamed, so that a crash leaves nothing half.</summary>
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
