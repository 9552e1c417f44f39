using System.Security.Cryptography;
using System.Text;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.Extensions.Options;

namespace ImapGateway.Access;

/// <summary>
/// The operator's key. It comes from the settings, else from the file <c>admin.key</c> in the data directory, which the first start creates.
/// Only its hash stays in memory; the console names the file, never the key.
/// </summary>
public sealed partial class AdminKey(IOptions<AuthOptions> options, DataDirectory data, ILogger<AdminKey> log) : IStartupStep
{
    private const string FileName = "admin.key";

    /// <summary>The SHA-256 of the key. It is null, and no value matches, until the start is complete.</summary>
    private byte[]? _sha256;

    /// <summary>Compares a hash with that of the admin key, in constant time.</summary>
    public bool Matches(ReadOnlySpan<byte> sha256) => _sha256 is { } own && CryptographicOperations.FixedTimeEquals(own, sha256);

    public async Task RunAsync(CancellationToken cancel)
    {
        var key = options.Value.AdminKey;
        if (string.IsNullOrEmpty(key))
        {
            var file = data.Combine(FileName);
            if (!File.Exists(file))
            {
                await MakeAsync(file, cancel);
            }
            key = (await File.ReadAllTextAsync(file, cancel)).Trim();
            if (AuthOptions.Fault(key) is not null)
            {
                throw new StartupException($"The admin key in {file} cannot be used: remove the file, and the next start makes a new one.");
            }
            LogFile(file);
        }
        _sha256 = KeyValue.Hash(key);
    }

    /// <summary>Writes the key to a new file and renames it, so that a crash leaves no half key.</summary>
    private static async Task MakeAsync(string file, CancellationToken cancel)
    {
        var draft = file + ".new";
        File.Delete(draft);
        var open = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            open.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        await using (var stream = new FileStream(draft, open))
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(KeyValue.New() + "\n"), cancel);
            stream.Flush(flushToDisk: true);
        }
        File.Move(draft, file, overwrite: false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The admin key is in {File}")]
    private partial void LogFile(string file);
}
