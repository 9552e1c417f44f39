using System.Buffers;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>A charset that decodes octets to text.</summary>
public abstract class Charset
{
    /// <summary>
    /// Decodes any octets to text that can be encoded again. A sequence without a meaning becomes U+FFFD. A fetch by octets may end inside a character: an incomplete character at the end is
    /// dropped.
    /// </summary>
    public abstract string Decode(ReadOnlySpan<byte> octets);

    /// <summary>Decodes with a decoder that is not flushed, so that half a character at the end produces no text.</summary>
    protected static string Decode(Encoding encoding, ReadOnlySpan<byte> octets)
    {
        var text = ArrayPool<char>.Shared.Rent(encoding.GetMaxCharCount(octets.Length));
        try
        {
            return new string(text, 0, encoding.GetDecoder().GetChars(octets, text, flush: false));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(text);
        }
    }
}

/// <summary>A charset that .NET knows.</summary>
public sealed class PlatformCharset(int codePage) : Charset
{
    private readonly Encoding _encoding = Encoding.GetEncoding(codePage, EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("\uFFFD"));

    public override string Decode(ReadOnlySpan<byte> octets) => Decode(_encoding, octets);
}

/// <summary>UTF-16 in the byte order that the octets suggest. Senders that name the order are as often wrong as those that do not.</summary>
public sealed class Utf16Charset(bool isBigEndian) : Charset
{
    /// <summary>The number of octets examined, enough to count the positions of the zero octets of ASCII.</summary>
    private const int Sample = 1024;

    public override string Decode(ReadOnlySpan<byte> octets)
    {
        var (even, odd) = (0, 0);
        for (var at = 0; at + 1 < Math.Min(octets.Length, Sample); at += 2)
        {
            even += octets[at] == 0 ? 1 : 0;
            odd += octets[at + 1] == 0 ? 1 : 0;
        }
        return Decode((even == odd ? isBigEndian : even > odd) ? Encoding.BigEndianUnicode : Encoding.Unicode, octets);
    }
}
