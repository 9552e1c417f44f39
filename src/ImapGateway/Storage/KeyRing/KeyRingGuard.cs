using System.Security.Cryptography;
using System.Xml.Linq;
using ImapGateway.Settings;

namespace ImapGateway.Storage.KeyRing;

/// <summary>Compares the key ring with Storage:KeyEncryption, and encrypts it anew after a change of that setting.</summary>
internal sealed partial class KeyRingGuard(KeyEncryption keys, ILogger<KeyRingGuard> log) : IKeyRingGuard
{
    public void Verify(IKeyRing ring)
    {
        // The keys are loaded here even if the ring is empty: a missing key must not be noticed only later.
        _ = keys.First;
        var ids = new HashSet<Guid>();
        foreach (var (place, element) in ring.ReadAll())
        {
            if (KeyRingXml.Verify(place, DecryptedBy(place, element)) is { } id && !ids.Add(id))
            {
                throw KeyRingXml.Damaged(place, $"has the key {id}, which is in the ring twice");
            }
        }
    }

    /// <summary>Returns the element with its secrets decrypted.</summary>
    /// <exception cref="StartupException">The key is not given, or the element is damaged.</exception>
    private XElement DecryptedBy(string place, XElement element)
    {
        var copy = new XElement(element);
        foreach (var secret in KeyRingXml.EncryptedIn(copy).ToList())
        {
            if (!KeyRingXml.IsReadable(secret))
            {
                throw KeyRingXml.Damaged(place, "has a secret that this gateway has not encrypted");
            }
            var key = KeyRingDecryptor.KeyOf(Content(secret));
            if (keys.Find(key) is null)
            {
                throw new StartupException($"Storage:KeyEncryption: the key ring is encrypted with {key}, which is not given{(keys.First is { Id: var first } ? $" (the first that is given is {first})" : "")}");
            }
            try
            {
                secret.ReplaceWith(KeyRingDecryptor.Decrypt(Content(secret), keys));
            }
            catch (CryptographicException)
            {
                throw new StartupException($"Storage:KeyEncryption: the key ring is damaged: {place} is encrypted with {key} and cannot be decrypted with it; restore the key ring from a backup");
            }
        }
        return copy;
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
        var old = KeyRingXml.EncryptedIn(copy).Where(secret => KeyRingDecryptor.KeyOf(Content(secret)) != key.Id).ToList();
        old.ForEach(secret => secret.ReplaceWith(KeyRingDecryptor.Decrypt(Content(secret), keys)));
        var plain = copy.Descendants().Where(part => (bool?)part.Attribute(KeyRingXml.RequiresEncryption) is true).ToList();
        foreach (var secret in plain)
        {
            var info = encryptor.Encrypt(new XElement(secret));
            secret.ReplaceWith(new XElement(KeyRingXml.EncryptedSecret, new XAttribute(KeyRingXml.DecryptorType, info.DecryptorType.AssemblyQualifiedName!), info.EncryptedElement));
        }
        return plain.Count > 0 ? copy : null;
    }

    private XElement? Decrypted(XElement element)
    {
        var copy = new XElement(element);
        var secrets = KeyRingXml.EncryptedIn(copy).ToList();
        secrets.ForEach(secret => secret.ReplaceWith(KeyRingDecryptor.Decrypt(Content(secret), keys)));
        return secrets.Count > 0 ? copy : null;
    }

    private static XElement Content(XElement secret) => secret.Elements().Single();

    [LoggerMessage(LogLevel.Information, "{Count} keys of the key ring are now encrypted with {Key}")]
    private partial void LogProtected(int count, string key);
}
