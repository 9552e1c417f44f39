using System.Buffers.Text;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>Decodes UTF-7 (RFC 2152). .NET refuses it because it hides markup from filters that run before it is decoded; here HTML is made safe after decoding.</summary>
public sealed class Utf7Charset : Charset
{
    public override string Decode(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length);
        while (!octets.IsEmpty)
        {
            var octet = octets[0];
            octets = octets[1..];
            if (octet != '+')
            {
                text.Append(octet < 0x80 ? (char)octet : '\uFFFD');
                continue;
            }
            var run = octets[..LengthOfBase64(octets)];
            text.Append(run.IsEmpty ? "+" : Shifted(run));
            octets = octets[run.Length..];
            if (octets.StartsWith((byte)'-'))
            {
                octets = octets[1..];
            }
        }
        return text.ToString();
    }

    private static int LengthOfBase64(ReadOnlySpan<byte> octets)
    {
        var length = 0;
        while (length < octets.Length && (char.IsAsciiLetterOrDigit((char)octets[length]) || octets[length] is (byte)'+' or (byte)'/'))
        {
            length++;
        }
        return length;
    }

    /// <summary>Decodes UTF-16BE in base64 without padding. Remaining bits are ignored.</summary>
    private static string Shifted(ReadOnlySpan<byte> base64)
    {
        var padded = new byte[(base64.Length + 3) / 4 * 4];
        padded.AsSpan().Fill((byte)'A');
        base64.CopyTo(padded);
        Base64.DecodeFromUtf8InPlace(padded, out _);
        return Decode(Encoding.BigEndianUnicode, padded.AsSpan(0, base64.Length * 6 / 16 * 2));
    }
}
