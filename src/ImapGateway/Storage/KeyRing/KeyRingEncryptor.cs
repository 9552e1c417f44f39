using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace ImapGateway.Storage.KeyRing;

/// <summary>
/// Encrypts the secret part of an element of the key ring. Data Protection's own encryptor for certificates wraps keys with PKCS #1 v1.5 and does not authenticate the
/// ciphertext, and it has none for a key from a file.
/// </summary>
internal sealed class KeyRingEncryptor(KeyEncryptionKey key) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var contentKey = RandomNumberGenerator.GetBytes(SecretKey.Length);
        var content = Sealed.Seal(contentKey, Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting)));
        return new EncryptedXmlInfo(
            new XElement(
                "sealed",
                new XComment(" AES-256-GCM; the content key is wrapped with the named key of Storage:KeyEncryption. "),
                new XAttribute("key", key.Id),
                new XElement("wrapped", Convert.ToBase64String(key.Wrap(contentKey))),
                new XElement("content", Convert.ToBase64String(content))),
            typeof(KeyRingDecryptor));
    }
}

/// <summary>Decrypts elements of the key ring. Data Protection creates it and passes the services.</summary>
internal sealed class KeyRingDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) => Decrypt(encryptedElement, services.GetRequiredService<KeyEncryption>());

    /// <exception cref="CryptographicException">The key of the element is not among the given ones, or the element is damaged.</exception>
    public static XElement Decrypt(XElement encryptedElement, KeyEncryption keys)
    {
        try
        {
            var key = keys.Find(KeyOf(encryptedElement)) ?? throw new CryptographicException("The key is not one of Storage:KeyEncryption.");
            var contentKey = key.Unwrap(Convert.FromBase64String((string?)encryptedElement.Element("wrapped") ?? ""));
            return XElement.Parse(Encoding.UTF8.GetString(Sealed.Open(contentKey, Convert.FromBase64String((string?)encryptedElement.Element("content") ?? ""))));
        }
        catch (FormatException failure)
        {
            throw new CryptographicException("The element is damaged.", failure);
        }
    }

    /// <summary>Returns the id of the key that the element is encrypted with.</summary>
    public static string KeyOf(XElement encryptedElement) => (string?)encryptedElement.Attribute("key") ?? "";
}
