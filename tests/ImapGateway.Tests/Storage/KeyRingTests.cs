using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Storage.KeyRing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ImapGateway.Tests.Storage;

/// <summary>The key ring of SQLite under changes of Storage:KeyEncryption.</summary>
public sealed class KeyRingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-keys-");

    private string Keys => Path.Combine(_folder.FullName, "data", "keys");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_ring_in_clear_is_encrypted_at_the_first_start_with_a_key_and_reads_what_it_has_encrypted()
    {
        var secret = await Protect("hunter2");
        Assert.True(IsClear());
        var key = KeyFile("a.key");
        Assert.Equal("hunter2", await Unprotect(secret, key));
        Assert.False(IsClear());
        Assert.Equal("hunter2", await Unprotect(secret, key));
        Assert.Single(Directory.GetFiles(Keys));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Directory.GetFiles(Keys)[0]));
        }
    }

    [Fact]
    public async Task A_new_ring_never_stands_in_clear()
    {
        await Protect("hunter2", KeyFile("a.key"));
        Assert.False(IsClear());
    }

    [Fact]
    public async Task The_first_key_encrypts_the_others_decrypt_and_none_decrypts_the_ring()
    {
        var (old, next) = (KeyFile("old.key"), KeyFile("new.key"));
        var secret = await Protect("hunter2", old);
        Assert.Equal("hunter2", await Unprotect(secret, next, old));
        Assert.Equal("hunter2", await Unprotect(secret, next));
        Assert.StartsWith("Storage:KeyEncryption: the key ring is encrypted with key-", await Refused(old), StringComparison.Ordinal);
        Assert.Equal("hunter2", await Unprotect(secret, "none", next));
        Assert.True(IsClear());
        Assert.Equal("hunter2", await Unprotect(secret));
    }

    [Fact]
    public async Task A_start_that_was_killed_while_it_encrypted_the_ring_is_finished_by_the_next()
    {
        var first = await Protect("first");
        var clear = File.ReadAllText(Assert.Single(Directory.GetFiles(Keys)));
        var key = KeyFile("a.key");
        Assert.Equal("first", await Unprotect(first, key));
        // One key is encrypted, another one not yet, and the file of a third was not complete.
        var id = Guid.NewGuid().ToString();
        var old = clear.Split("<key id=\"")[1].Split('"')[0];
        File.WriteAllText(Path.Combine(Keys, $"key-{id}.xml"), clear.Replace(old, id, StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(Keys, $"key-{id}.xml.draft"), "<key");
        Assert.Equal("first", await Unprotect(first, key));
        Assert.False(IsClear());
        Assert.Equal(2, Directory.GetFiles(Keys).Length);
    }

    [Fact]
    public async Task A_key_that_cannot_be_used_is_one_line_and_changes_nothing()
    {
        await Protect("hunter2", KeyFile("right.key"));
        var ring = File.ReadAllBytes(Assert.Single(Directory.GetFiles(Keys)));
        var text = Path.Combine(_folder.FullName, "text");
        File.WriteAllText(text, "not-base64-secret-word");
        var empty = Path.Combine(_folder.FullName, "empty");
        File.WriteAllText(empty, "");
        var shortKey = Path.Combine(_folder.FullName, "short");
        File.WriteAllText(shortKey, Convert.ToBase64String(new byte[31]));
        foreach (var (source, reason) in new[]
        {
            (KeyFile("wrong.key"), "Storage:KeyEncryption: the key ring is encrypted with key-"),
            ("none", "Storage:KeyEncryption: the key ring is encrypted with key-"),
            ($"file:{text}", $"Storage:KeyEncryption: {text} must hold 32 random bytes as base64"),
            ($"file:{shortKey}", $"Storage:KeyEncryption: {shortKey} must hold 32 random bytes as base64"),
            ($"file:{_folder.FullName}", $"Storage:KeyEncryption: {_folder.FullName} cannot be read: it is a directory"),
            ($"certificate:{_folder.FullName}", $"Storage:KeyEncryption: {_folder.FullName} cannot be read: it is a directory"),
            ($"certificate:{text};{_folder.FullName}", $"Storage:KeyEncryption: {_folder.FullName} cannot be read: it is a directory"),
            ($"file:{empty}", $"Storage:KeyEncryption: {empty} is empty"),
            ($"certificate:{empty}", $"Storage:KeyEncryption: {empty} is empty"),
            ($"certificate:{text};{empty}", $"Storage:KeyEncryption: {empty} is empty"),
            ("file:/dev/zero", "Storage:KeyEncryption: /dev/zero is too large: "),
            ("certificate:/dev/zero", "Storage:KeyEncryption: /dev/zero is too large: "),
            ("file:/no/such/file", "Storage:KeyEncryption: /no/such/file cannot be read: "),
            ("env:NO_SUCH_VARIABLE", "Storage:KeyEncryption: the environment variable NO_SUCH_VARIABLE is not set"),
            ($"certificate:{text}", $"Storage:KeyEncryption: {text} cannot be read as a certificate with its private key (PFX or PEM): "),
            ("certificate:/no/such/file", "Storage:KeyEncryption: /no/such/file cannot be read: "),
            ($"certificate:{text};/no/such/file", "Storage:KeyEncryption: /no/such/file cannot be read: "),
            ("secret-word", "Storage:KeyEncryption: is written file:PATH"),
        })
        {
            var line = await Refused(source);
            Assert.StartsWith(reason, line, StringComparison.Ordinal);
            Assert.DoesNotContain("secret-word", line, StringComparison.Ordinal);
            Assert.Equal(ring, File.ReadAllBytes(Assert.Single(Directory.GetFiles(Keys))));
            Assert.False(File.Exists(Path.Combine(_folder.FullName, "data", "gateway.db-wal")));
        }
    }

    [Fact]
    public async Task A_damaged_ring_is_one_line()
    {
        var key = KeyFile("a.key");
        await Protect("hunter2", key);
        var file = Assert.Single(Directory.GetFiles(Keys));
        var ring = File.ReadAllText(file);
        var content = ring.Split("<content>")[1].Split('<')[0];
        File.WriteAllText(file, ring.Replace(content, Convert.ToBase64String(RandomNumberGenerator.GetBytes(400)), StringComparison.Ordinal));
        Assert.StartsWith("Storage:KeyEncryption: the key ring is damaged: ", await Refused(key), StringComparison.Ordinal);
    }

    /// <summary>Data Protection itself skips all these, and makes a new key beside them.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("none")]
    public async Task A_file_of_the_ring_that_is_no_readable_key_is_one_line_and_stays_as_it_is(string encryption)
    {
        var source = encryption.Length == 0 ? KeyFile("a.key") : encryption;
        await Protect("hunter2", source);
        var file = Assert.Single(Directory.GetFiles(Keys));
        var ring = File.ReadAllText(file);
        var damages = new Dictionary<string, string>
        {
            ["truncated"] = ring[..(ring.Length / 2)],
            ["empty"] = "",
            ["not XML"] = "garbage",
            ["zeros"] = new string('\0', ring.Length),
            ["another root"] = "<a/>",
            ["another namespace"] = ring.Replace("<key ", "<key xmlns=\"x\" ", StringComparison.Ordinal),
            ["no id"] = Regex.Replace(ring, " id=\"[^\"]*\"", ""),
            ["a damaged id"] = ring.Replace(" id=\"", " id=\"x", StringComparison.Ordinal),
            ["another version"] = ring.Replace(" version=\"1\"", " version=\"2\"", StringComparison.Ordinal),
            ["a damaged date"] = ring.Replace("<expirationDate>", "<expirationDate>x", StringComparison.Ordinal),
            ["no date"] = Regex.Replace(ring, "<activationDate>.*?</activationDate>", ""),
            ["no descriptor"] = Regex.Replace(ring, "<descriptor .*</descriptor>", "", RegexOptions.Singleline),
            ["an unknown descriptor"] = ring.Replace("AuthenticatedEncryptorDescriptorDeserializer,", "OtherDeserializer,", StringComparison.Ordinal),
            ["an unknown algorithm"] = ring.Replace("AES_256_CBC", "AES_255_CBC", StringComparison.Ordinal),
            ["no secret"] = Regex.Replace(ring, "<(encryptedSecret|masterKey).*</(encryptedSecret|masterKey)>", "", RegexOptions.Singleline),
        };
        if (encryption.Length == 0)
        {
            damages["another decryptor"] = ring.Replace(typeof(KeyRingDecryptor).FullName!, "Microsoft.AspNetCore.DataProtection.XmlEncryption.NullXmlDecryptor", StringComparison.Ordinal);
            damages["an unknown decryptor"] = ring.Replace("KeyRingDecryptor,", "KeyRingDecryptors,", StringComparison.Ordinal);
            damages["two contents"] = ring.Replace("</sealed>", "</sealed><x/>", StringComparison.Ordinal);
            damages["no content"] = Regex.Replace(ring, "<sealed.*</sealed>", "", RegexOptions.Singleline);
        }
        else
        {
            damages["a damaged secret"] = ring.Replace("<value>", "<value>!", StringComparison.Ordinal);
        }
        foreach (var (name, damaged) in damages)
        {
            Assert.True(damaged != ring, name);
            File.WriteAllText(file, damaged);
            var line = await Refused(source);
            Assert.True(line.StartsWith($"The key ring is damaged: {file} ", StringComparison.Ordinal), $"{name}: {line}");
            Assert.Equal(damaged, File.ReadAllText(Assert.Single(Directory.GetFiles(Keys))));
        }
        File.WriteAllText(file, ring);
        await Protect("hunter2", source);
    }

    [Fact]
    public async Task A_key_that_is_in_the_ring_twice_a_damaged_revocation_and_a_folder_without_files_are_one_line()
    {
        await Protect("hunter2");
        var file = Assert.Single(Directory.GetFiles(Keys));
        File.Copy(file, Path.Combine(Keys, "copy.xml"));
        Assert.Contains("which is in the ring twice", await Refused("none"), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(Keys, "copy.xml"), "<revocation version=\"1\"><revocationDate>2026-01-01T00:00:00Z</revocationDate><key id=\"x\"/></revocation>");
        Assert.StartsWith($"The key ring is damaged: {Keys}", await Refused("none"), StringComparison.Ordinal);
        File.Delete(Path.Combine(Keys, "copy.xml"));
        Directory.CreateDirectory(Path.Combine(Keys, "folder.xml"));
        Assert.StartsWith($"The key ring is damaged: {Keys}", await Refused("none"), StringComparison.Ordinal);
        Directory.Delete(Keys, recursive: true);
        File.WriteAllText(Keys, "");
        Assert.StartsWith($"DataDirectory: {Keys} cannot be used: ", await Refused("none"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pfx", null)]
    [InlineData("pfx", "pass word")]
    [InlineData("pem", null)]
    [InlineData("pem", "pass word")]
    public async Task A_certificate_encrypts_the_ring_also_when_it_has_expired(string format, string? password)
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=ring", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var source = Write(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), DateTimeOffset.UtcNow.AddYears(-1)), rsa, format, password, "old");
        var secret = await Protect("hunter2", source);
        Assert.False(IsClear());
        Assert.Equal("hunter2", await Unprotect(secret, source));
        var renewed = Write(request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddYears(1)), rsa, format, password, "renewed");
        Assert.Equal("hunter2", await Unprotect(secret, renewed));
        if (password is not null)
        {
            Assert.Contains("cannot be read as a certificate", await Refused(source.Split(';')[0]), StringComparison.Ordinal);
        }
        using var other = RSA.Create(2048);
        var another = new CertificateRequest("CN=ring", other, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddYears(1));
        Assert.Contains("the key ring is encrypted with certificate-", await Refused(Write(another, other, format, password, "another")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_cannot_encrypt_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=ring", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddYears(1));
        var path = Path.Combine(_folder.FullName, "ec.pfx");
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12));
        Assert.Equal($"Storage:KeyEncryption: {path} must be an RSA certificate with its private key", await Refused($"certificate:{path}"));
    }

    private string KeyFile(string name)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + Environment.NewLine);
        return $"file:{path}";
    }

    private string Write(X509Certificate2 certificate, RSA key, string format, string? password, string name)
    {
        var path = Path.Combine(_folder.FullName, $"{name}.{format}");
        if (format == "pfx")
        {
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, password));
        }
        else
        {
            var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
            File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + (password is null ? key.ExportPkcs8PrivateKeyPem() : key.ExportEncryptedPkcs8PrivateKeyPem(password, encryption)));
        }
        certificate.Dispose();
        if (password is null)
        {
            return $"certificate:{path}";
        }
        File.WriteAllText(path + ".password", password + "\n");
        return $"certificate:{path};{path}.password";
    }

    private bool IsClear() => Array.Exists(Directory.GetFiles(Keys), file => File.ReadAllText(file).Contains("<value>", StringComparison.Ordinal));

    private Task<string> Protect(string clear, params string[] sources) => Run(protector => protector.Protect(clear), sources);

    private Task<string> Unprotect(string secret, params string[] sources) => Run(protector => protector.Unprotect(secret), sources);

    private async Task<string> Refused(string source) => Assert.Single((await Assert.ThrowsAsync<StartupException>(() => Run(_ => "", [source]))).Lines);

    private async Task<string> Run(Func<IDataProtector, string> use, string[] sources)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
            [KeyValuePair.Create("DataDirectory", (string?)Path.Combine(_folder.FullName, "data")), .. Settings(sources).Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value))]);
        builder.AddStorage();
        using var host = builder.Build();
        await host.StartAsync();
        var result = use(host.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test"));
        await host.StopAsync();
        return result;
    }

    /// <summary>One is written as a single value, as docs/postgresql.md shows it.</summary>
    private static IEnumerable<(string Name, string Value)> Settings(string[] sources) =>
        sources is [var only] ? [("Storage:KeyEncryption", only)] : sources.Select((source, at) => ($"Storage:KeyEncryption:{at}", source));
}
