using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ImapGateway.Cache.Disk;

/// <summary>
/// Encrypts the content of one file: a salt, then chunks of 64 KB, each encrypted and authenticated (AES-256-GCM) with a key of this file alone. The nonce is the number of the chunk and a mark
/// for the last one. Chunks that are damaged, missing, or from another file or place cannot be opened, so no other checksum is necessary.
/// </summary>
internal sealed class SealedChunks : IDisposable
{
    public const int SaltLength = 16;
    public const int ChunkLength = 64 * 1024;
    public const int TagLength = 16;
    public const int SealedLength = ChunkLength + TagLength;

    private const int NonceLength = 12;

    private readonly AesGcm _cipher;

    /// <param name="key">The key of the cache.</param>
    /// <param name="salt">The random salt of the file.</param>
    /// <param name="place">The text that binds the file to its content.</param>
    public SealedChunks(byte[] key, byte[] salt, string place)
    {
        _cipher = new AesGcm(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, salt, Encoding.UTF8.GetBytes("ImapGateway.Cache.Disk.1 " + place)), TagLength);
    }

    /// <summary>Returns the octets of content in a file of this length, and its chunks. Null if no file can have this length.</summary>
    public static (long Content, long Chunks)? Measure(long fileLength)
    {
        var chunks = (fileLength - SaltLength + SealedLength - 1) / SealedLength;
        return chunks > 0 && (fileLength - SaltLength - 1) % SealedLength >= TagLength - 1 ? (fileLength - SaltLength - (chunks * TagLength), chunks) : null;
    }

    /// <returns>The number of octets written to <paramref name="output"/>.</returns>
    public int Seal(long number, bool isLast, ReadOnlySpan<byte> content, Span<byte> output)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        Number(nonce, number, isLast);
        _cipher.Encrypt(nonce, content, output[..content.Length], output.Slice(content.Length, TagLength));
        return content.Length + TagLength;
    }

    /// <returns>The content; null if the chunk is not what was sealed.</returns>
    public byte[]? Open(long number, bool isLast, ReadOnlySpan<byte> chunk)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        Number(nonce, number, isLast);
        var content = new byte[chunk.Length - TagLength];
        try
        {
            _cipher.Decrypt(nonce, chunk[..^TagLength], chunk[^TagLength..], content);
            return content;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static void Number(Span<byte> nonce, long number, bool isLast)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce, number);
        nonce[^1] = isLast ? (byte)1 : (byte)0;
    }

    public void Dispose() => _cipher.Dispose();
}
