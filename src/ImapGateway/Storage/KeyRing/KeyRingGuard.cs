using System.Security.Cryptography;
using System.Xml;
using System.Xml.Linq;
using ImapGateway.Settings;

namespace ImapGateway.Storage.KeyRing;

/// <summary>Compares the key ring with Storage:KeyEncryption, and encrypts it anew after a change of that setting.</summary>
internal sealed partial class KeyRingGuard(KeyEncryption keys, ILogger<KeyRingGuard> log) : IKeyRingGuard
{
    private static readonly XNamespace DataProtection = "http://schemas.asp.net/2015/03/dataProtection";
    private static readonly XName EncryptedSecret = DataProtection + "encryptedSecret";
    private static readonly XName RequiresEncryption = DataProtection + "requiresEncryption";
    private const string DecryptorType = "decryptorType";

    public void Verify(IKeyRing ring)
    {
        // The keys are loaded here even if the ring is empty: a missing key must not be noticed only later.
        _ = keys.First;
        foreach (var secret in Elements(ring).SelectMany(Encrypted))
        {
            var key = KeyRingDecryptor.KeyOf(Content(secret));
            if (keys.Find(key) is null)
            {
                throw new StartupException($"Storage:KeyEncryption: the key ring is encrypted with {key}, which is not given{(keys.First is { Id: var first } ? $" (the first that is given is {first})" : "")}");
            }
            try
            {
                KeyRingDecryptor.Decrypt(Content(secret), keys);
            }
            catch (CryptographicException)
            {
                throw new StartupException($"Storage:KeyEncryption: the key ring is damaged: a key encrypted with {key} cannot be decrypted with it; restore the ring from a backup");
            }
        }
    }

    private static IReadOnlyCollection<XElement> Elements(IKeyRing ring)
    {
        try
        {
            return ring.GetAllElements();
        }
        catch (XmlException failure)
        {
            throw new StartupException($"The key ring is damaged: an element is no XML ({failure.Message}); restore the ring from a backup");
        }
    }

    public void Protect(IKeyRing ring)
    {
        if (ring.Rewrite(keys.First is { } key ? element => EncryptedWith(key, element) : Decrypted) is > 0 and var count)
        {
            LogProtected(count, keys.First?.Id ?? "nothing");
        }
    }

    private XElement? EncryptedWith(KeyEncryptionKey key, XElement element)
    {
        var copy = new XElement(element);
        var encryptor = new KeyRingEncryptor(key);
        var old = Encrypted(copy).Where(secret => KeyRingDecryptor.KeyOf(Content(secret)) != key.Id).ToList();
        old.ForEach(secret => secret.ReplaceWith(KeyRingDecryptor.Decrypt(Content(secret), keys)));
        var plain = copy.Descendants().Where(part => (bool?)part.Attribute(RequiresEncryption) is true).ToList();
        foreach (var secret in plain)
        {
            var info = encryptor.Encrypt(new XElement(secret));
            secret.ReplaceWith(new XElement(EncryptedSecret, new XAttribute(DecryptorType, info.DecryptorType.AssemblyQualifiedName!), info.EncryptedElement));
        }
        return plain.Count > 0 ? copy : null;
    }

    private XElement? Decrypted(XElement element)
    {
        var copy = new XElement(element);
        var secrets = Encrypted(copy).ToList();
        secrets.ForEach(secret => secret.ReplaceWith(KeyRingDecryptor.Decrypt(Content(secret), keys)));
        return secrets.Count > 0 ? copy : null;
    }

    /// <summary>Returns the elements that this gateway has encrypted; other programs may have used other encryptors of Data Protection.</summary>
    private static IEnumerable<XElement> Encrypted(XElement element) => element.Descendants(EncryptedSecret)
        .Where(secret => ((string?)secret.Attribute(DecryptorType))?.StartsWith(typeof(KeyRingDecryptor).FullName!, StringComparison.Ordinal) is true && secret.Elements().Count() == 1);

    private static XElement Content(XElement secret) => secret.Elements().Single();

    [LoggerMessage(LogLevel.Information, "{Count} keys of the key ring are now encrypted with {Key}")]
    private partial void LogProtected(int count, string key);
}
