using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImapGateway.Settings;

namespace ImapGateway.Storage.KeyRing;

/// <summary>An entry of Storage:KeyEncryption. Its text is never repeated in a message: an operator may have written the key itself there.</summary>
internal static class KeySource
{
    public const string None = "none";
    private const string File = "file:";
    private const string Variable = "env:";
    private const string Certificate = "certificate:";
    private const int MostOfSecret = 4096;
    private const int MostOfCertificate = 1024 * 1024;

    /// <summary>Returns the text for the operator after the name of the setting; null if the entry is valid.</summary>
    public static string? FaultOf(string text) =>
        text == None || new[] { File, Variable, Certificate }.Any(kind => text.StartsWith(kind, StringComparison.Ordinal) && text.Length > kind.Length)
            ? null
            : "is written file:PATH, env:NAME, certificate:PATH or certificate:PATH;PASSWORDFILE, or none";

    /// <param name="text">The entry, without a fault.</param>
    /// <returns>The key; null for "none".</returns>
    /// <exception cref="StartupException">The key is missing or invalid; the message continues after the name of the setting.</exception>
    public static KeyEncryptionKey? Load(string text)
    {
        if (text.StartsWith(File, StringComparison.Ordinal))
        {
            var path = text[File.Length..];
            return Secret(ReadText(path), path);
        }
        if (text.StartsWith(Variable, StringComparison.Ordinal))
        {
            var name = text[Variable.Length..];
            return Secret(Environment.GetEnvironmentVariable(name) ?? throw new StartupException($"the environment variable {name} is not set"), $"the environment variable {name}");
        }
        return text.StartsWith(Certificate, StringComparison.Ordinal) ? LoadCertificate(text[Certificate.Length..].Split(';', 2)) : null;
    }

    private static SecretKey Secret(string text, string origin)
    {
        var key = new byte[SecretKey.Length + 1];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length == SecretKey.Length
            ? new SecretKey(key[..SecretKey.Length])
            : throw new StartupException($"{origin} must hold {SecretKey.Length} random bytes as base64, as \"openssl rand -base64 {SecretKey.Length}\" prints them");
    }

    private static CertificateKey LoadCertificate(string[] paths)
    {
        var path = paths[0];
        var password = paths.Length > 1 ? ReadText(paths[1]).TrimEnd('\r', '\n') : null;
        var content = Read(path, MostOfCertificate);
        try
        {
            var certificate = X509Certificate2.GetCertContentType(content) == X509ContentType.Pfx ? X509CertificateLoader.LoadPkcs12(content, password) : FromPem(TextOf(content), password);
            using var key = certificate.GetRSAPrivateKey();
            return key is null ? throw new StartupException($"{path} must be an RSA certificate with its private key") : new CertificateKey(certificate);
        }
        catch (CryptographicException failure)
        {
            throw new StartupException($"{path} cannot be read as a certificate with its private key (PFX or PEM): {failure.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static X509Certificate2 FromPem(string pem, string? password) =>
        password is null ? X509Certificate2.CreateFromPem(pem, pem) : X509Certificate2.CreateFromEncryptedPem(pem, pem, password);

    private static string ReadText(string path) => TextOf(Read(path, MostOfSecret));

    private static string TextOf(byte[] content)
    {
        using var reader = new StreamReader(new MemoryStream(content));
        return reader.ReadToEnd();
    }

    /// <summary>Reads a file. A wrong path may name a file of any size, a directory, or nothing.</summary>
    private static byte[] Read(string path, int most)
    {
        if (Directory.Exists(path))
        {
            throw new StartupException($"{path} cannot be read: it is a directory");
        }
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
            var content = new byte[most + 1];
            var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length == 0 ? throw new StartupException($"{path} is empty")
                : length > most ? throw new StartupException($"{path} is too large: it has more than {most} bytes")
                : content[..length];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{path} cannot be read: {failure.Message}");
        }
    }
}
