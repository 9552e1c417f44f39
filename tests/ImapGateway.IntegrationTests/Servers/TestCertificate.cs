using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A self-signed certificate for localhost and 127.0.0.1, one per test process. Nobody trusts it.</summary>
public static class TestCertificate
{
    private static readonly Lazy<(string Certificate, string Key)> Pem = new(Create);

    public static string CertificatePem => Pem.Value.Certificate;

    public static string KeyPem => Pem.Value.Key;

    public static X509Certificate2 Load() => X509Certificate2.CreateFromPem(CertificatePem, KeyPem);

    private static (string, string) Create()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
