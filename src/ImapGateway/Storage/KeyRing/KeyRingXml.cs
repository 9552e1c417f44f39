using System.Globalization;
using System.Security.Cryptography;
using System.Xml;
using System.Xml.Linq;
using ImapGateway.Settings;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel;

namespace ImapGateway.Storage.KeyRing;

/// <summary>
/// The XML of the key ring, see https://learn.microsoft.com/aspnet/core/security/data-protection/implementation/key-storage-format. Data Protection skips a key that it cannot read and makes a new one; what the
/// skipped key has encrypted would be lost without a message. So each element is checked before Data Protection reads the ring.
/// </summary>
internal static class KeyRingXml
{
    private static readonly XNamespace DataProtection = "http://schemas.asp.net/2015/03/dataProtection";
    private const string Version = "1";
    private const string Descriptor = "descriptor";

    /// <summary>An element in place of a secret, with the name of the class that can decrypt it.</summary>
    public static readonly XName EncryptedSecret = DataProtection + "encryptedSecret";

    /// <summary>The mark of a secret that is not encrypted.</summary>
    public static readonly XName RequiresEncryption = DataProtection + "requiresEncryption";

    public const string DecryptorType = "decryptorType";

    /// <summary>Loads an element.</summary>
    /// <exception cref="StartupException">It cannot be read, or is not XML.</exception>
    public static XElement Read(string place, Func<XElement> load)
    {
        try
        {
            return load();
        }
        catch (XmlException failure)
        {
            throw Damaged(place, $"is not valid XML ({failure.Message})");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Damaged(place, $"cannot be read ({failure.Message})");
        }
    }

    public static StartupException Damaged(string place, string fault) => new($"The key ring is damaged: {place} {fault}; restore the key ring from a backup");

    public static IEnumerable<XElement> EncryptedIn(XElement element) => element.Descendants(EncryptedSecret);

    /// <summary>True if <see cref="KeyRingDecryptor"/> decrypts the secret.</summary>
    public static bool IsReadable(XElement encryptedSecret) => encryptedSecret.Elements().Count() == 1 && IsNameOf(typeof(KeyRingDecryptor), encryptedSecret.Attribute(DecryptorType));

    /// <summary>Checks an element in which all secrets are decrypted.</summary>
    /// <returns>The id of the key; null if the element revokes keys.</returns>
    /// <exception cref="StartupException">Data Protection could not read the element.</exception>
    public static Guid? Verify(string place, XElement decrypted)
    {
        try
        {
            return decrypted.Name == "key" ? KeyIn(decrypted)
                : decrypted.Name == "revocation" ? RevocationIn(decrypted)
                : throw new FormatException($"The root element is {decrypted.Name.LocalName}.");
        }
        catch (Exception failure) when (failure is FormatException or InvalidOperationException or ArgumentException or CryptographicException or OverflowException)
        {
            throw Damaged(place, $"is not a key of ASP.NET Core Data Protection ({failure.Message.ReplaceLineEndings(" ")})");
        }
    }

    private static Guid? KeyIn(XElement element)
    {
        Demand((string?)element.Attribute("version") == Version, "The version is not 1.");
        foreach (var date in new[] { "creationDate", "activationDate", "expirationDate" })
        {
            _ = (DateTimeOffset)Part(element, date);
        }
        var descriptor = Part(element, Descriptor);
        Demand(IsNameOf(typeof(AuthenticatedEncryptorDescriptorDeserializer), descriptor.Attribute("deserializerType")), "The type of the descriptor is not known.");
        new AuthenticatedEncryptorDescriptorDeserializer().ImportFromXml(Part(descriptor, Descriptor));
        return Guid.Parse((string?)element.Attribute("id") ?? "", CultureInfo.InvariantCulture);
    }

    /// <summary>A revocation names one key, or all that are older than its date.</summary>
    private static Guid? RevocationIn(XElement element)
    {
        Demand((string?)element.Attribute("version") == Version, "The version is not 1.");
        _ = (DateTimeOffset)Part(element, "revocationDate");
        var key = (string?)Part(element, "key").Attribute("id");
        return key == "*" || Guid.TryParse(key, CultureInfo.InvariantCulture, out _) ? null : throw new FormatException("The id of the key is damaged.");
    }

    /// <summary>Compares the name of a type, without regard to its assembly, whose version changes.</summary>
    private static bool IsNameOf(Type type, XAttribute? attribute) => attribute?.Value.Split(',')[0].Trim() == type.FullName;

    private static void Demand(bool isRight, string fault)
    {
        if (!isRight)
        {
            throw new FormatException(fault);
        }
    }

    private static XElement Part(XElement element, string name) => element.Element(name) ?? throw new FormatException($"The element {name} is missing.");
}
