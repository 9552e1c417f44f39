using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>
/// Decides what MailKit may see of a value in an answer to FETCH. It ends the session at any value that it does not expect. What is left out counts as unknown; what is replaced means the same.
/// </summary>
public static class FetchItem
{
    private static readonly SearchValues<byte> OfFlag = SearchValues.Create([.. Enumerable.Range(33, 223).Select(octet => (byte)octet).Except("(){%*\\\"\u007f"u8.ToArray())]);

    /// <summary>The octets of an atom that MailKit reads as one.</summary>
    private static readonly SearchValues<byte> OfAtom = SearchValues.Create([.. Enumerable.Range(33, 94).Select(octet => (byte)octet).Except("(){%*\"\\[]"u8.ToArray())]);

    private static ReadOnlySpan<byte> Nil => "NIL"u8;

    /// <summary>Returns the value as MailKit can read it; empty if the item must be left out.</summary>
    /// <param name="name">The name without its section.</param>
    /// <param name="value">The value; empty if there is none, or it cannot be read.</param>
    /// <param name="isSummary">True if MailKit parses a summary: it takes only literals for headers then.</param>
    public static ReadOnlySpan<byte> Readable(ReadOnlySpan<byte> name, bool hasSection, ReadOnlySpan<byte> value, bool isSummary)
    {
        if (Is(name, "FLAGS"u8))
        {
            return Flags(value);
        }
        if (value.IsEmpty)
        {
            return [];
        }
        if (Is(name, "BODY"u8))
        {
            return !hasSection ? [] : isSummary ? Literal(value) : value;
        }
        var isReadable = Is(name, "UID"u8) || Is(name, "RFC822.SIZE"u8) ? Number(value) is { } number && number <= uint.MaxValue && (number > 0 || !Is(name, "UID"u8))
            : Is(name, "MODSEQ"u8) ? Within(value) is { IsEmpty: false } modSeq && Number(modSeq) is not null
            : Is(name, "BODYSTRUCTURE"u8) || (Is(name, "THREADID"u8) && Is(value, Nil)) ? true
            : Is(name, "EMAILID"u8) || Is(name, "THREADID"u8) ? IsAtom(Within(value))
            : Is(name, "X-GM-MSGID"u8) || Is(name, "X-GM-THRID"u8) ? Utf8Parser.TryParse(value, out ulong id, out var length) && length == value.Length && id > 0
            // Nobody asks for other items, and their values are not read.
            : Is(name, "PREVIEW"u8) && value[0] != '(';
        return isReadable ? value : Is(name, "INTERNALDATE"u8) ? Date(value) : [];
    }

    /// <summary>True if the value is the name of an item: the value before it is missing.</summary>
    public static bool IsName(ReadOnlySpan<byte> value) =>
        Is(value, "UID"u8) || Is(value, "FLAGS"u8) || Is(value, "MODSEQ"u8) || Is(value, "INTERNALDATE"u8) || Is(value, "RFC822.SIZE"u8) || Is(value, "BODYSTRUCTURE"u8) || Is(value, "EMAILID"u8)
        || Is(value, "THREADID"u8) || Is(value, "PREVIEW"u8) || value.StartsWith("BODY["u8);

    /// <summary>Returns a number of 63 bits (RFC 9051 section 9), or null if it is none.</summary>
    public static long? Number(ReadOnlySpan<byte> value) =>
        !value.IsEmpty && char.IsAsciiDigit((char)value[0]) && Utf8Parser.TryParse(value, out long number, out var length) && length == value.Length ? number : null;

    /// <summary>Returns what stands between the brackets, or nothing.</summary>
    private static ReadOnlySpan<byte> Within(ReadOnlySpan<byte> value) => value is [(byte)'(', .. var inner, (byte)')'] ? inner : [];

    private static bool IsAtom(ReadOnlySpan<byte> value) => !value.IsEmpty && !value.ContainsAnyExcept(OfAtom) && !Is(value, Nil);

    /// <summary>Returns the list with the flags that can be read. What is no list at all (NIL) means that there are none.</summary>
    private static ReadOnlySpan<byte> Flags(ReadOnlySpan<byte> value)
    {
        var inner = Within(value);
        var isWhole = value is [(byte)'(', .., (byte)')'];
        foreach (var range in inner.Split((byte)' '))
        {
            isWhole &= inner[range].IsEmpty || IsFlag(inner[range]);
        }
        if (isWhole)
        {
            return value;
        }
        var kept = new ArrayBufferWriter<byte>();
        foreach (var range in inner.Split((byte)' '))
        {
            if (!inner[range].IsEmpty && IsFlag(inner[range]))
            {
                kept.Write(kept.WrittenCount == 0 ? "("u8 : " "u8);
                kept.Write(inner[range]);
            }
        }
        return kept.WrittenCount == 0 ? "()"u8 : (byte[])[.. kept.WrittenSpan, (byte)')'];
    }

    private static bool IsFlag(ReadOnlySpan<byte> flag) => flag switch
    {
        [(byte)'\\', (byte)'*'] => true,
        [(byte)'\\', .. var name] => !name.IsEmpty && !name.ContainsAnyExcept(OfFlag),
        [(byte)'"', .. var text, (byte)'"'] => !text.IsEmpty && !text.ContainsAnyExcept(OfFlag),
        _ => !flag.ContainsAnyExcept(OfFlag),
    };

    /// <summary>Returns the date in the form of RFC 3501 section 9, which is the only one that MailKit reads.</summary>
    private static ReadOnlySpan<byte> Date(ReadOnlySpan<byte> value)
    {
        var text = Encoding.Latin1.GetString(value).Trim('"');
        const string Form = "dd-MMM-yyyy HH:mm:ss zzz";
        if (text.Length == 26 && DateTimeOffset.TryParseExact(text[0] == ' ' ? "0" + text[1..] : text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return value;
        }
        if (Dates.Parse(text) is not { } parsed)
        {
            return [];
        }
        return Encoding.ASCII.GetBytes($"\"{parsed.ToString("dd-MMM-yyyy HH:mm:ss", CultureInfo.InvariantCulture)} +0000\"");
    }

    /// <summary>Returns a header as a literal. The grammar allows any string, and NIL for none (RFC 3501 section 9, nstring).</summary>
    private static ReadOnlySpan<byte> Literal(ReadOnlySpan<byte> value)
    {
        if (value[0] == '{')
        {
            return value;
        }
        if (Is(value, Nil))
        {
            return "{0}\r\n"u8;
        }
        if (value is not [(byte)'"', .. var quoted, (byte)'"'])
        {
            return [];
        }
        var text = new ArrayBufferWriter<byte>();
        for (var at = 0; at < quoted.Length; at++)
        {
            at += quoted[at] == '\\' && at + 1 < quoted.Length ? 1 : 0;
            text.Write(quoted.Slice(at, 1));
        }
        return (byte[])[.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{{text.WrittenCount}}}\r\n")), .. text.WrittenSpan];
    }

    private static bool Is(ReadOnlySpan<byte> value, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(value, word);
}
