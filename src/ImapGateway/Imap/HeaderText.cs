using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace ImapGateway.Imap;

/// <summary>Decodes header values to readable text: encoded words (RFC 2047) and raw 8-bit are decoded, and the result is valid in JSON.</summary>
public static class HeaderText
{
    /// <summary>The maximum number of characters of a value. No honest subject or name comes near this number.</summary>
    public const int MaxLength = 16 * 1024;

    private static readonly SearchValues<char> Unfit = SearchValues.Create([.. Enumerable.Range(0, 32).Append(127).Select(code => (char)code), .. "\uFFFE\uFFFF"]);

    /// <summary>Decodes an unstructured field body (RFC 5322 section 2.2.1), folded or not.</summary>
    /// <param name="raw">The bytes after the colon.</param>
    /// <param name="hint">The charset of the body, in which senders of raw 8-bit headers mostly write.</param>
    public static string Decode(ReadOnlySpan<byte> raw, string? hint = null) => Clean(EncodedWords.Decode(Unfold(raw, hint), hint));

    /// <summary>Returns the field body in one line, as it was written: only raw 8-bit is decoded.</summary>
    public static string Unfold(ReadOnlySpan<byte> raw, string? hint = null)
    {
        var text = CharsetDecoder.Guess(raw, hint);
        return text.AsSpan().IndexOfAny('\r', '\n') < 0 ? text : text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
    }

    /// <summary>Converts the bytes to UTF-8 unless they are valid UTF-8 already, so that one parser understands both.</summary>
    public static byte[] ToUtf8(ReadOnlySpan<byte> raw, string? hint = null) =>
        Utf8.IsValid(raw) ? raw.ToArray() : Encoding.UTF8.GetBytes(CharsetDecoder.Guess(raw, hint));

    /// <summary>
    /// Decodes a string of BODYSTRUCTURE again if MailKit has misread it. MailKit reads these strings as UTF-8 if they are valid, else as Latin-1, which keeps every byte: text that cannot be
    /// Latin-1 is converted back to its bytes and decoded again.
    /// </summary>
    public static string? Repair(string? text, string? hint = null) =>
        text is not null && CarriesBytes(text, out var bytes) && LooksMisread(text, bytes) ? CharsetDecoder.Guess(bytes, hint) : text;

    /// <summary>Removes control characters and halves of surrogate pairs, which JSON cannot carry or clients cannot show, and blanks at the ends.</summary>
    public static string Clean(string text)
    {
        if (text.Length > MaxLength)
        {
            text = text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)];
        }
        if (text.AsSpan().IndexOfAny(Unfit) < 0 && !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text.Trim();
        }
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\t' or '\r' or '\n')
            {
                clean.Append(clean.Length > 0 && clean[^1] == ' ' ? "" : " ");
            }
            else if (!rune.IsBmp || !Unfit.Contains((char)rune.Value))
            {
                clean.Append(rune.ToString());
            }
        }
        return clean.ToString().Trim();
    }

    private static bool CarriesBytes(string text, out byte[] bytes)
    {
        var carries = text.AsSpan().ContainsAnyInRange('\u0080', '\u00FF') && !text.AsSpan().ContainsAnyInRange('\u0100', '\uFFFF');
        bytes = carries ? Encoding.Latin1.GetBytes(text) : [];
        return carries;
    }

    /// <summary>True if the text cannot be Latin-1. No Latin-1 text has C1 controls, is valid UTF-8 by chance, or has four letters with accents in a row.</summary>
    private static bool LooksMisread(string text, byte[] bytes) =>
        text.AsSpan().ContainsAnyInRange('\u0080', '\u009F') || Utf8.IsValid(bytes) || LongestRun(text) >= 4;

    private static int LongestRun(string text)
    {
        var (longest, run) = (0, 0);
        foreach (var character in text)
        {
            run = character >= '\u0080' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        return longest;
    }
}
