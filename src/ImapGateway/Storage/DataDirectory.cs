using ImapGateway.Settings;
using Microsoft.Extensions.Options;

namespace ImapGateway.Storage;

/// <summary>The gateway's own folder: no other user can read what it makes there, and no second gateway may use it.</summary>
public sealed class DataDirectory(string path) : IDisposable
{
    private const int WouldBlock = 11;
    private const int WouldBlockOnMacOs = 35;
    private const int SharingViolation = 32;

    private FileStream? _lock;

    public DataDirectory(IOptions<DataDirectoryOptions> options) : this(options.Value.DataDirectory) { }

    /// <summary>The absolute path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the folder if it is missing and locks it until disposed; the system unlocks it when a process is killed.</summary>
    /// <exception cref="StartupException">Another gateway has locked it, or it cannot be written.</exception>
    public void Claim()
    {
        try
        {
            CreatePrivate(Path);
            _lock ??= new FileStream(Combine("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when ((failure.HResult & 0xFFFF) is WouldBlock or WouldBlockOnMacOs or SharingViolation)
        {
            throw new StartupException($"DataDirectory: {Path} is used by another gateway");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"DataDirectory: {Path} cannot be used: {failure.Message}");
        }
    }

    /// <summary>Makes a folder in it.</summary>
    /// <exception cref="StartupException">It cannot be made, or a file has its name.</exception>
    public DirectoryInfo Folder(string name)
    {
        try
        {
            CreatePrivate(Path);   // Otherwise it would be made on the way, readable for all.
            return CreatePrivate(Combine(name));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"DataDirectory: {Combine(name)} cannot be used: {failure.Message}");
        }
    }

    /// <summary>Makes a folder with mode 700; an existing folder belongs to the operator and stays as it is.</summary>
    private static DirectoryInfo CreatePrivate(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    public void Dispose() => _lock?.Dispose();
}
