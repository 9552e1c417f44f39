using System.Buffers;
using System.Text;
using System.Text.Unicode;
using UtfUnknown;

namespace ImapGateway.Imap;

/// <summary>
/// Bytes of mail to text, never failing. Senders mislabel: what the bytes are goes before what they are called where the bytes prove it.
/// </summary>
public static class CharsetDecoder
{
    private const double Confident = 0.6;

    /// <summary>Enough for statistics; detection reads every byte it is given, several times.</summary>
    private const int DetectionWindow = 64 * 1024;

    /// <summary>
    /// A byte order mark, then the label, then valid UTF-8, then statistics, then windows-1252. Bytes that fit nothing become U+FFFD.
    /// </summary>
    /// <param name="bytes">Transfer encoding already removed. A character cut off at the end is dropped, not replaced.</param>
    /// <param name="label">The charset parameter as the sender wrote it; null where there is none.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, string? label)
    {
        var encoding = Charsets.Find(label);
        if (Unmark(ref bytes, encoding) is { } marked)
        {
            return Lenient(marked, bytes);
        }
        if (encoding is null)
        {
            return Guess(bytes);
        }
        if (encoding.CodePage == Charsets.Utf8)
        {
            return LabelledUtf8(bytes);
        }
        // No windows-1252 text is valid UTF-8 by chance. East Asian text can be, so that other labels are believed.
        if (encoding.CodePage == Charsets.Windows1252 && ValidUtf8(bytes) is { } mislabelled)
        {
            return mislabelled;
        }
        return Strict(encoding, bytes) ?? ValidUtf8(bytes) ?? Lenient(encoding, bytes);
    }

    /// <summary>What unlabelled bytes most likely say. A hint (the charset of the message's body) goes before statistics, which need more text than a header has.</summary>
    public static string Guess(ReadOnlySpan<byte> bytes, string? hint = null)
    {
        if (ValidUtf8(bytes) is { } valid)
        {
            return valid;
        }
        if (Charsets.Find(hint) is { } hinted && hinted.CodePage != Charsets.Utf8 && Strict(hinted, bytes) is { } text)
        {
            return text;
        }
        return Lenient(Detect(bytes) ?? Charsets.Western, bytes);
    }

    /// <summary>Null where the bytes are not valid UTF-8. A character that is cut off at the end is dropped.</summary>
    private static string? ValidUtf8(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }
        // One odd byte at the end of ASCII is a letter with an accent rather than half a character.
        var whole = WithoutCutCharacter(bytes);
        return !Ascii.IsValid(whole) && Utf8.IsValid(whole) ? Encoding.UTF8.GetString(whole) : null;
    }

    private static string LabelledUtf8(ReadOnlySpan<byte> bytes)
    {
        var whole = WithoutCutCharacter(bytes);
        if (Utf8.IsValid(whole))
        {
            return Encoding.UTF8.GetString(whole);
        }
        var text = Encoding.UTF8.GetString(whole);
        var broken = text.AsSpan().Count('\uFFFD');
        var sound = 0;
        foreach (var character in text)
        {
            sound += character is > '\u007F' and not '\uFFFD' ? 1 : 0;
        }
        return sound >= broken ? text : Lenient(Detect(bytes) ?? Encoding.UTF8, bytes);
    }

    private static Encoding? Detect(ReadOnlySpan<byte> bytes)
    {
        var sample = bytes[..Math.Min(bytes.Length, DetectionWindow)].ToArray();
        var detected = CharsetDetector.DetectFromBytes(sample).Detected;
        return detected is { Confidence: >= (float)Confident } ? Charsets.Find(detected.EncodingName) : null;
    }

    private static Encoding? Unmark(ref ReadOnlySpan<byte> bytes, Encoding? labelled)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
            return Encoding.UTF8;
        }
        var wide = labelled is null || labelled.CodePage is Charsets.Utf16 or Charsets.Utf16BigEndian;
        if (wide && bytes.Length >= 2 && (bytes[0], bytes[1]) is (0xFF, 0xFE) or (0xFE, 0xFF))
        {
            var encoding = bytes[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode;
            bytes = bytes[2..];
            return encoding;
        }
        return null;
    }

    /// <summary>A fetch by octets may end inside a character.</summary>
    private static ReadOnlySpan<byte> WithoutCutCharacter(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            var lead = bytes[^back];
            if (lead >= 0xC0)
            {
                var length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
                return length > back && lead < 0xF8 ? bytes[..^back] : bytes;
            }
            if (lead < 0x80)
            {
                break;
            }
        }
        return bytes;
    }

    private static string? Strict(Encoding encoding, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Text(encoding.CodePage, DecoderFallback.ExceptionFallback, bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static string Lenient(Encoding encoding, ReadOnlySpan<byte> bytes) => Text(encoding.CodePage, new DecoderReplacementFallback("\uFFFD"), bytes);

    /// <summary>A fetch by octets may end inside a character of any charset: a decoder that is not flushed keeps it, and nothing is made of it.</summary>
    private static string Text(int codePage, DecoderFallback fallback, ReadOnlySpan<byte> bytes)
    {
        var encoding = Encoding.GetEncoding(codePage, EncoderFallback.ReplacementFallback, fallback);
        var text = ArrayPool<char>.Shared.Rent(encoding.GetMaxCharCount(bytes.Length));
        try
        {
            return new string(text, 0, encoding.GetDecoder().GetChars(bytes, text, flush: false));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(text);
        }
    }
}
