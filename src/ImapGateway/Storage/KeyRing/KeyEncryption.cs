using ImapGateway.Settings;
using Microsoft.Extensions.Options;

namespace ImapGateway.Storage.KeyRing;

/// <summary>The keys of Storage:KeyEncryption, loaded once: the first encrypts the key ring, all of them can decrypt it.</summary>
internal sealed class KeyEncryption(IOptions<StorageOptions> options)
{
    private readonly Lazy<List<KeyEncryptionKey?>> _keys = new(() => Load(options.Value.KeyEncryption));

    /// <summary>The first key; null if the ring must stay unencrypted.</summary>
    public KeyEncryptionKey? First => _keys.Value.FirstOrDefault();

    public KeyEncryptionKey? Find(string id) => _keys.Value.Find(key => key?.Id == id);

    /// <exception cref="StartupException">The message has a line for each key that cannot be loaded.</exception>
    private static List<KeyEncryptionKey?> Load(IReadOnlyList<string> sources)
    {
        var keys = new List<KeyEncryptionKey?>();
        var faults = new List<string>();
        foreach (var (at, source) in sources.Index())
        {
            try
            {
                keys.Add(KeySource.Load(source));
            }
            catch (StartupException failure)
            {
                faults.AddRange(failure.Lines.Select(line => $"Storage:KeyEncryption{(sources.Count > 1 ? $":{at}" : "")}: {line}"));
            }
        }
        return faults.Count == 0 ? keys : throw new StartupException([.. faults]);
    }
}
