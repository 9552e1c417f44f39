using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImapGateway.Storage.KeyRing;

/// <summary>A key of the operator. It encrypts the content key of each element of the key ring, which encrypts the element.</summary>
internal abstract class KeyEncryptionKey(string id)
{
    /// <summary>The name of the key in the ring and in messages; the key cannot be computed from it.</summary>
    public string Id => id;

    public abstract byte[] Wrap(byte[] contentKey);

    /// <exception cref="CryptographicException">The value was wrapped with another key, or is damaged.</exception>
    public abstract byte[] Unwrap(byte[] wrapped);

    protected static string Name(string kind, ReadOnlySpan<byte> bytes) => $"{kind}-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}";
}

/// <summary>A key of 32 random octets, from a file or an environment variable.</summary>
internal sealed class SecretKey(byte[] key) : KeyEncryptionKey(Name("key", [.. "ImapGateway key encryption key"u8, .. key]))
{
    public const int Length = 32;

    public override byte[] Wrap(byte[] contentKey) => Sealed.Seal(key, contentKey);

    public override byte[] Unwrap(byte[] wrapped) => Sealed.Open(key, wrapped);
}

/// <summary>An RSA certificate with its private key. It is named by the public key, so that a renewed certificate for the same key pair is the same key. Its validity period does not matter.</summary>
internal sealed class CertificateKey(X509Certificate2 certificate) : KeyEncryptionKey(Name("certificate", certificate.PublicKey.ExportSubjectPublicKeyInfo()))
{
    public override byte[] Wrap(byte[] contentKey)
    {
        using var rsa = certificate.GetRSAPublicKey()!;
        return rsa.Encrypt(contentKey, RSAEncryptionPadding.OaepSHA256);
    }

    public override byte[] Unwrap(byte[] wrapped)
    {
        using var rsa = certificate.GetRSAPrivateKey()!;
        return rsa.Decrypt(wrapped, RSAEncryptionPadding.OaepSHA256);
    }
}

/// <summary>Encrypts with AES-256-GCM: nonce, tag and ciphertext are one array.</summary>
internal static class Sealed
{
    private static readonly int NonceLength = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int TagLength = AesGcm.TagByteSizes.MaxSize;

    public static byte[] Seal(byte[] key, ReadOnlySpan<byte> clear)
    {
        var box = new byte[NonceLength + TagLength + clear.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceLength));
        using var cipher = new AesGcm(key, TagLength);
        cipher.Encrypt(box.AsSpan(0, NonceLength), clear, box.AsSpan(NonceLength + TagLength), box.AsSpan(NonceLength, TagLength));
        return box;
    }

    /// <exception cref="CryptographicException">The value was encrypted with another key, or is damaged.</exception>
    public static byte[] Open(byte[] key, ReadOnlySpan<byte> box)
    {
        if (box.Length < NonceLength + TagLength)
        {
            throw new CryptographicException("The ciphertext is too short.");
        }
        var clear = new byte[box.Length - NonceLength - TagLength];
        using var cipher = new AesGcm(key, TagLength);
        cipher.Decrypt(box[..NonceLength], box[(NonceLength + TagLength)..], box.Slice(NonceLength, TagLength), clear);
        return clear;
    }
}
