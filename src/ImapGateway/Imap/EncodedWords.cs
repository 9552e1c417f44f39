using System.Buffers;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>
/// Decodes encoded words (RFC 2047) and tolerates the mistakes of senders: base64 without padding, blanks inside, words within quotation marks or other text, characters that are divided between
/// words. Text that is no encoded word stays unchanged.
/// </summary>
public static class EncodedWords
{
    private const int MaxCharset = 64;

    /// <summary>The longest content of a word. RFC 2047 section 2 allows 75 characters for a word; some senders write a whole subject as one.</summary>
    private const int MaxContent = 4 * 1024;

    /// <summary>The characters that never occur within the content of a word that has an unencoded question mark.</summary>
    private static readonly SearchValues<char> EndOfGuess = SearchValues.Create(" \t?<>@");

    private static readonly SearchValues<char> NoCharset = SearchValues.Create(" \t<>,;\"=");

    /// <param name="text">The text without line ends.</param>
    /// <param name="hint">The charset of the body, for words whose own charset says nothing.</param>
    public static string Decode(string text, string? hint = null)
    {
        var start = text.IndexOf("=?", StringComparison.Ordinal);
        if (start < 0)
        {
            return text;
        }
        var decoded = new StringBuilder(text.Length);
        var words = new List<Word>();
        var copied = 0;
        while (start >= 0)
        {
            if (Read(text, start) is not { } word)
            {
                start = text.IndexOf("=?", start + 1, StringComparison.Ordinal);
                continue;
            }
            var between = text.AsSpan(copied, start - copied);
            // Blanks between two words are not part of the text (RFC 2047 section 6.2).
            if (words.Count == 0 || !between.IsWhiteSpace())
            {
                Append(decoded, words, hint);
                decoded.Append(between);
            }
            words.Add(word);
            copied = word.End;
            start = text.IndexOf("=?", copied, StringComparison.Ordinal);
        }
        Append(decoded, words, hint);
        return decoded.Append(text.AsSpan(copied)).ToString();
    }

    /// <returns>The end of the word that starts here, or null if none does.</returns>
    public static int? EndOf(string text, int start) => Read(text, start)?.End;

    /// <summary>Decodes adjacent words of one charset together, because senders divide characters between them, which RFC 2047 section 5 forbids.</summary>
    private static void Append(StringBuilder decoded, List<Word> words, string? hint)
    {
        for (var at = 0; at < words.Count;)
        {
            var charset = words[at].Charset;
            var alike = words.Skip(at).TakeWhile(word => word.Charset.Equals(charset, StringComparison.OrdinalIgnoreCase)).ToList();
            var apart = alike.Count > 1 && alike.Exists(word => word.Octets.Contains((byte)0x1B) || word.Octets.AsSpan().IndexOf("~{"u8) >= 0)
                ? string.Concat(alike.Select(word => CharsetDecoder.Decode(word.Octets, charset, hint)))
                : "\uFFFD";
            // In ISO-2022 and HZ each word begins anew in ASCII.
            decoded.Append(apart.Contains('\uFFFD') ? CharsetDecoder.Decode([.. alike.SelectMany(word => word.Octets)], charset, hint) : apart);
            at += alike.Count;
        }
        words.Clear();
    }

    private static Word? Read(string text, int start)
    {
        if (text.AsSpan(start..) is not ['=', '?', .. var rest])
        {
            return null;
        }
        var mark = rest[..Math.Min(rest.Length, MaxCharset)].IndexOf('?');
        if (mark < 0 || rest.Length < mark + 3 || rest[mark + 2] != '?' || rest[..mark].Trim() is var charset && charset.ContainsAny(NoCharset))
        {
            return null;
        }
        var from = start + 2 + mark + 3;
        var isBase64 = rest[mark + 1] is 'B' or 'b';
        if ((!isBase64 && rest[mark + 1] is not ('Q' or 'q')) || EndOfContent(text, from, isBase64) is not { } end)
        {
            return null;
        }
        var content = text.AsSpan(from, end - from);
        return new Word(charset.ToString(), isBase64 ? Base64(content) : QuotedPrintable(content), end + 2);
    }

    private static int? EndOfContent(string text, int from, bool isBase64)
    {
        var end = text.IndexOf("?=", from, Math.Min(MaxContent, text.Length - from), StringComparison.Ordinal);
        // Here "?=" is a question mark that the sender did not encode, before an encoded octet. It is the end if an address follows the word without a blank.
        while (!isBase64 && end >= 0 && end + 3 < text.Length && char.IsAsciiHexDigit(text[end + 2]) && char.IsAsciiHexDigit(text[end + 3])
            && text.IndexOf("?=", end + 2, StringComparison.Ordinal) is > 0 and var next && !text.AsSpan(end + 2, next - end - 2).ContainsAny(EndOfGuess))
        {
            end = next;
        }
        return end < 0 || text.AsSpan(from, end - from).IndexOf("=?") >= 0 ? null : end;
    }

    private static byte[] QuotedPrintable(ReadOnlySpan<char> content)
    {
        var octets = new List<byte>(content.Length);
        for (var at = 0; at < content.Length; at++)
        {
            if (content[at] == '=' && at + 2 < content.Length && char.IsAsciiHexDigit(content[at + 1]) && char.IsAsciiHexDigit(content[at + 2]))
            {
                octets.Add(Convert.FromHexString(content.Slice(at + 1, 2))[0]);
                at += 2;
            }
            else if (content[at] < 0x80)
            {
                octets.Add(content[at] == '_' ? (byte)' ' : (byte)content[at]);
            }
            else
            {
                var length = char.IsHighSurrogate(content[at]) && at + 1 < content.Length ? 2 : 1;
                octets.AddRange(Encoding.UTF8.GetBytes(content.Slice(at, length).ToString()));
                at += length - 1;
            }
        }
        return [.. octets];
    }

    /// <summary>Decodes base64. Characters outside of the alphabet are skipped. Padding ends a group, wherever it stands.</summary>
    private static byte[] Base64(ReadOnlySpan<char> content)
    {
        var octets = new List<byte>(content.Length);
        var (bits, count) = (0, 0);
        foreach (var character in content)
        {
            var value = character switch
            {
                >= 'A' and <= 'Z' => character - 'A',
                >= 'a' and <= 'z' => character - 'a' + 26,
                >= '0' and <= '9' => character - '0' + 52,
                '+' or '-' => 62,
                '/' or '_' => 63,
                _ => -1,
            };
            if (character == '=')
            {
                count = 0;
            }
            if (value < 0)
            {
                continue;
            }
            (bits, count) = ((bits << 6 | value) & 0xFFFF, count + 6);
            if (count >= 8)
            {
                count -= 8;
                octets.Add((byte)(bits >> count));
            }
        }
        return [.. octets];
    }

    private readonly record struct Word(string Charset, byte[] Octets, int End);
}
