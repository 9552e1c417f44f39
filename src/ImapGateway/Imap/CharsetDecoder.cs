using System.Text;
using System.Text.Unicode;
using ImapGateway.Mail;
using UtfUnknown;

namespace ImapGateway.Imap;

/// <summary>Decodes the bytes of mail to text and never fails. Senders label text wrongly: the bytes have precedence over their label if they prove it wrong.</summary>
public static class CharsetDecoder
{
    private const double Confident = 0.6;

    /// <summary>The number of bytes given to detection, enough for statistics. Detection reads every byte several times.</summary>
    private const int DetectionWindow = 64 * 1024;

    /// <summary>The number of letters below which statistics say nothing.</summary>
    private const int FewLetters = 8;

    /// <summary>Decodes the text of a part. HTML without a charset declares its encoding in its head (WHATWG HTML section 13.2.3.2).</summary>
    /// <param name="bytes">The bytes without their transfer encoding.</param>
    public static string DecodePart(MessagePart part, ReadOnlySpan<byte> bytes) =>
        part.ContentType is "text/html" or "application/xhtml+xml" && Charsets.Find(part.Charset) is null ? Decode(bytes, HtmlCharset.Of(bytes), null) : Decode(bytes, part.Charset);

    /// <summary>Decodes by a byte order mark, then the label, then valid UTF-8, then statistics, then windows-1252. Bytes that fit nothing become U+FFFD.</summary>
    /// <param name="bytes">The bytes without their transfer encoding. A character that is cut off at the end is dropped, not replaced.</param>
    /// <param name="label">The charset parameter as the sender wrote it; null if there is none.</param>
    /// <param name="hint">A charset that is likely where the label says nothing.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, string? label, string? hint = null) => Decode(bytes, Charsets.Find(label), hint);

    /// <summary>Returns the most likely text of unlabelled bytes. A hint (the charset of the message's body) has precedence over statistics, which need more text than a header has.</summary>
    public static string Guess(ReadOnlySpan<byte> bytes, string? hint = null)
    {
        if (ValidUtf8(bytes) is { } valid)
        {
            return valid;
        }
        if (Charsets.Find(hint) is { } hinted && hinted != Charsets.Utf8 && Strict(hinted, bytes) is { } text)
        {
            return text;
        }
        return (LooksWestern(bytes) ? Charsets.Western : Detect(bytes) ?? Charsets.Western).Decode(bytes);
    }

    private static string Decode(ReadOnlySpan<byte> bytes, Charset? charset, string? hint)
    {
        if (Unmark(ref bytes, charset) is { } marked)
        {
            return marked.Decode(bytes);
        }
        if (charset is null)
        {
            return Guess(bytes, hint);
        }
        if (charset == Charsets.Utf8)
        {
            return LabelledUtf8(bytes);
        }
        // No windows-1252 text is valid UTF-8 by chance. East Asian text can be, so other labels are believed.
        if (charset == Charsets.Western && ValidUtf8(bytes) is { } mislabelled)
        {
            return mislabelled;
        }
        return Strict(charset, bytes) ?? ValidUtf8(bytes) ?? charset.Decode(bytes);
    }

    /// <summary>Decodes valid UTF-8, or returns null if the bytes are not valid. A character that is cut off at the end is dropped.</summary>
    private static string? ValidUtf8(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }
        // One non-ASCII byte at the end of ASCII is a letter with an accent rather than half a character.
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
        return sound >= broken ? text : Guess(bytes);
    }

    private static Charset? Detect(ReadOnlySpan<byte> bytes)
    {
        var sample = bytes[..Math.Min(bytes.Length, DetectionWindow)].ToArray();
        var detected = CharsetDetector.DetectFromBytes(sample).Detected;
        return detected is { Confidence: >= (float)Confident } ? Charsets.Find(detected.EncodingName) : null;
    }

    /// <summary>True if the text has a few letters beyond ASCII, one or two at a time and each within a word, as in Western European languages.</summary>
    private static bool LooksWestern(ReadOnlySpan<byte> bytes)
    {
        var letters = 0;
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] < 0x80)
            {
                continue;
            }
            var end = at + 1 < bytes.Length && bytes[at + 1] >= 0x80 ? at + 2 : at + 1;
            letters += end - at;
            var isInWord = (at > 0 && char.IsAsciiLetter((char)bytes[at - 1])) || (end < bytes.Length && char.IsAsciiLetter((char)bytes[end]));
            if (letters > FewLetters || !isInWord || bytes[at..end].ContainsAnyExceptInRange((byte)0xC0, (byte)0xFF) || (end < bytes.Length && bytes[end] >= 0x80))
            {
                return false;
            }
            at = end;
        }
        return true;
    }

    private static Charset? Unmark(ref ReadOnlySpan<byte> bytes, Charset? labelled)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
            return Charsets.Utf8;
        }
        if (labelled is null or Utf16Charset && bytes.Length >= 2 && (bytes[0], bytes[1]) is (0xFF, 0xFE) or (0xFE, 0xFF))
        {
            var marked = new PlatformCharset(bytes[0] == 0xFF ? Charsets.Utf16LittleEndian : Charsets.Utf16BigEndian);
            bytes = bytes[2..];
            return marked;
        }
        return null;
    }

    /// <summary>Removes half a character from the end. A fetch by octets may end inside a character.</summary>
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

    /// <summary>Decodes the bytes, or returns null if an octet has no meaning in this charset.</summary>
    private static string? Strict(Charset charset, ReadOnlySpan<byte> bytes) => charset.Decode(bytes) is var text && text.Contains('\uFFFD') ? null : text;
}
