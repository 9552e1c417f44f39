using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>
/// Maps the charset labels of real mail to the superset that senders use under the name (WHATWG Encoding section 4.2), not to the standard of that name. Header fields, file names and texts are
/// all decoded by this table.
/// </summary>
public static partial class Charsets
{
    private const int Nothing = 0;
    private const int Big5 = 950;
    public const int Utf16LittleEndian = 1200;
    public const int Utf16BigEndian = 1201;
    private const int ShiftJis = 932;
    private const int Korean = 949;
    private const int Western1252 = 1252;
    private const int Ascii = 20127;
    private const int Hebrew = 28598;
    private const int Japanese2022 = 50220;
    private const int EucJapanese = 51932;
    private const int Chinese = 54936;
    private const int UnicodeSeven = 65000;
    private const int UnicodeEight = 65001;

    /// <summary>Labels, as <see cref="Fold"/> makes them, that are not simply the name and number of a code page or of a part of ISO 8859.</summary>
    private static readonly FrozenDictionary<string, int> Labels = Table(
        (Nothing, "usascii ascii ansix341968 ansix341986 iso646us iso646irv1991 isoir6 csascii us 646 cp367 ibm367 unknown8bit unknown default userdefined binary 8bit 7bit none null noconversion"),
        (UnicodeEight, "utf8 utf8mb4 unicode11utf8 unicode20utf8 unicodeutf8 utf8bom utf8n csutf8"),
        (UnicodeSeven, "utf7 unicode11utf7 unicode20utf7 csunicode11utf7 csutf7"),
        (Utf16LittleEndian, "utf16 utf16le unicode unicodefeff csunicode ucs2 iso10646ucs2"),
        (Utf16BigEndian, "utf16be unicodefffe"),
        (Western1252, "latin1 l1 isoir100 csisolatin1 cp819 ibm819 ansi western"),
        (28592, "latin2 l2 isoir101 csisolatin2"),
        (28593, "latin3 l3 isoir109 csisolatin3"),
        (28594, "latin4 l4 isoir110 csisolatin4"),
        (28595, "cyrillic isoir144 csisolatincyrillic"),
        (28596, "arabic asmo708 ecma114 isoir127 csiso88596e csiso88596i csisolatinarabic"),
        (28597, "greek greek8 ecma118 elot928 isoir126 csisolatingreek suneugreek"),
        (Hebrew, "hebrew logical visual isoir138 csiso88598e csiso88598i csisolatinhebrew"),
        (1254, "latin5 l5 isoir148 csisolatin5"),
        (28600, "latin6 l6 isoir157 csisolatin6"),
        (28603, "latin7 l7"),
        (28604, "latin8 l8 isoir199"),
        (28605, "latin9 l9 csisolatin9 latin0"),
        (28606, "latin10 l10 isoir226"),
        (874, "tis620 dos874 thai"),
        (20866, "koi8r koi8 koi cskoi8r"),
        (21866, "koi8u koi8ru"),
        (SingleByteCharset.KoiTajik, "koi8t"),
        (SingleByteCharset.Kazakh, "kz1048 strk10482002 rk1048"),
        (SingleByteCharset.AsianCyrillic, "ptcp154 csptcp154 cyrillicasian"),
        (SingleByteCharset.Viscii, "viscii csviscii"),
        (1125, "ruscii"),
        (10000, "macintosh mac macroman csmacintosh"),
        (10007, "maccyrillic macukrainian"),
        (Chinese, "gb2312 gb231280 csgb2312 csiso58gb231280 gbk gb18030 cp936 ms936 euccn cngb gb chinese isoir58"),
        (Big5, "big5 big5hkscs bigfive cnbig5 xbig5 csbig5 big5eten big5hkscs2004"),
        (ShiftJis, "shiftjis sjis mskanji windows31j csshiftjis cswindows31j"),
        (EucJapanese, "eucjp cseucpkdfmtjapanese ujis"),
        (Japanese2022, "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms csiso2022jp cp50220 cp50221 cp50222 jis"),
        (Korean, "ksc56011987 ksc5601 ksc56011989 ksc56011992 euckr cseuckr csksc56011987 uhc korean isoir149"),
        (50225, "iso2022kr csiso2022kr"),
        (52936, "hzgb2312 hz"));

    private static readonly ConcurrentDictionary<string, Charset?> Known = new(StringComparer.OrdinalIgnoreCase);

    public static Charset Utf8 { get; } = new PlatformCharset(UnicodeEight);

    public static Charset Western { get; } = new PlatformCharset(Western1252);

    private static Charset Utf7 { get; } = new Utf7Charset();

    /// <summary>Registers the code pages before MimeKit looks for a charset the first time, because it remembers what it did not find.</summary>
    [ModuleInitializer]
    internal static void Register() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Finds the charset of a label. Null if the label is missing or unknown, or says nothing (us-ascii, unknown-8bit).</summary>
    public static Charset? Find(string? label)
    {
        if (string.IsNullOrWhiteSpace(label) || label.Length > 100)
        {
            return null;
        }
        if (Known.TryGetValue(label, out var charset))
        {
            return charset;
        }
        charset = Open(label);
        // Labels come from outside: the table must not grow with them.
        if (Known.Count < 500)
        {
            Known[label] = charset;
        }
        return charset;
    }

    /// <summary>Finds the charset that an HTML document declares. UTF-7 is not believed (WHATWG HTML section 13.2.3.3), because only attackers declare it there.</summary>
    public static Charset? FindForHtml(string? label) => Find(label) is { } charset && charset != Utf7 ? charset is Utf16Charset ? Utf8 : charset : null;

    private static Charset? Open(string label)
    {
        var name = Fold(label);
        if ((CodePageOf(name) ?? (name.StartsWith('x') ? CodePageOf(name[1..]) : null)) is { } page)
        {
            return OfCodePage(page);
        }
        return TryOpen(() => Encoding.GetEncoding(label.Trim())) is { } encoding ? OfCodePage(encoding.CodePage) : null;
    }

    private static Charset? OfCodePage(int page) => page switch
    {
        Nothing or Ascii => null,
        UnicodeEight => Utf8,
        UnicodeSeven => Utf7,
        Western1252 or 28591 => Western,
        28599 => new PlatformCharset(1254),
        38598 => new PlatformCharset(Hebrew),
        936 or 20936 or 51936 => new PlatformCharset(Chinese),
        51949 => new PlatformCharset(Korean),
        50221 or 50222 => new PlatformCharset(Japanese2022),
        Big5 or 951 => new Big5Charset(),
        Utf16LittleEndian => new Utf16Charset(isBigEndian: false),
        Utf16BigEndian => new Utf16Charset(isBigEndian: true),
        _ => (Charset?)SingleByteCharset.Of(page) ?? (TryOpen(() => Encoding.GetEncoding(page)) is null ? null : new PlatformCharset(page)),
    };

    private static int? CodePageOf(string name)
    {
        if (Labels.TryGetValue(name, out var page))
        {
            return page;
        }
        if (IsoName().Match(name) is { Success: true } iso)
        {
            return int.Parse(iso.Groups[1].ValueSpan, CultureInfo.InvariantCulture) switch
            {
                1 => Western1252,
                9 => 1254,
                11 => 874,
                12 => null,
                var part => 28590 + part,
            };
        }
        return NumberedName().Match(name) is { Success: true } numbered ? int.Parse(numbered.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>
    /// Reduces a label to lower-case letters and digits: no two labels differ in anything else, and senders write the signs between them as they like. Parameters behind the name, and the language
    /// of an encoded word (RFC 2231 section 5), are removed.
    /// </summary>
    private static string Fold(string label)
    {
        var name = label.Trim().Trim('"', '\'').ToLowerInvariant();
        name = name.StartsWith("charset=", StringComparison.Ordinal) ? name[8..].Trim('"', '\'') : name;
        var end = name.AsSpan().IndexOfAny(";*, \t");
        return string.Concat((end < 0 ? name : name[..end]).Where(char.IsAsciiLetterOrDigit));
    }

    private static FrozenDictionary<string, int> Table(params ReadOnlySpan<(int CodePage, string Labels)> rows)
    {
        var table = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (page, labels) in rows)
        {
            foreach (var label in labels.Split(' '))
            {
                table.Add(label, page);
            }
        }
        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static Encoding? TryOpen(Func<Encoding> open)
    {
        try
        {
            return open();
        }
        catch (Exception unknown) when (unknown is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A(?:cp|cs|codepage|windows|win|wind|ms|ibm|csibm|dos|ansi|oem)?0*([0-9]{3,5})\z")]
    private static partial Regex NumberedName();

    [GeneratedRegex(@"\A(?:iso)?8859([1-9]|1[0-6])(?:[eil]|[0-9]{4})?\z")]
    private static partial Regex IsoName();
}
