using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>What the charset labels of real mail mean: the superset that senders use under the name (WHATWG Encoding section 4.2), not the standard of that name.</summary>
public static partial class Charsets
{
    public const int Utf8 = 65001;
    public const int Utf16 = 1200;
    public const int Utf16BigEndian = 1201;
    public const int Windows1252 = 1252;

    private const int Utf7 = 65000;

    private static readonly ConcurrentDictionary<string, Encoding?> Known = new(StringComparer.OrdinalIgnoreCase);

    public static Encoding Western { get; } = Encoding.GetEncoding(Windows1252);

    /// <summary>Before MimeKit looks for a charset the first time: it remembers what it did not find.</summary>
    [ModuleInitializer]
    internal static void Register() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Null where the label is missing, unknown, says nothing (us-ascii, unknown-8bit), or is UTF-7, which hides markup from filters.</summary>
    public static Encoding? Find(string? label)
    {
        var name = label?.Trim().Trim('"', '\'');
        if (string.IsNullOrEmpty(name) || name.Length > 40)
        {
            return null;
        }
        if (Known.TryGetValue(name, out var encoding))
        {
            return encoding;
        }
        encoding = Open(name.ToLowerInvariant());
        // Labels come from outside: the table must not grow with them.
        if (Known.Count < 500)
        {
            Known[name] = encoding;
        }
        return encoding;
    }

    private static Encoding? Open(string name)
    {
        if (CodePageOf(name) is { } page)
        {
            return page == 0 ? null : TryOpen(() => Encoding.GetEncoding(page));
        }
        var encoding = TryOpen(() => Encoding.GetEncoding(name));
        return encoding?.CodePage switch
        {
            null or Utf7 or 20127 => null,
            28591 => Western,
            28599 => Encoding.GetEncoding(1254),
            936 or 51936 or 20936 => Encoding.GetEncoding(54936),
            51949 => Encoding.GetEncoding(949),
            _ => encoding,
        };
    }

    /// <summary>0 where the name says nothing, null where the platform's table shall answer.</summary>
    private static int? CodePageOf(string name) => name switch
    {
        "us-ascii" or "ascii" or "ansi_x3.4-1968" or "646" or "unknown-8bit" or "unknown" or "x-unknown" or "default" or "x-user-defined" or "binary" or "8bit" or "7bit" => 0,
        "utf-7" or "utf7" or "unicode-1-1-utf-7" or "x-unicode-2-0-utf-7" or "csunicode11utf7" => 0,
        "utf8" or "utf-8mb4" or "utf8mb4" or "unicode-1-1-utf-8" or "x-utf-8" or "utf_8" => Utf8,
        "gb2312" or "gb_2312-80" or "gb_2312" or "gbk" or "x-gbk" or "gb18030" or "cp936" or "ms936" or "euc-cn" or "x-euc-cn" or "cngb" or "chinese" => 54936,
        "ks_c_5601-1987" or "ks_c_5601" or "ksc_5601" or "ksc5601" or "ks_c_5601-1989" or "euc-kr" or "cp949" or "uhc" or "korean" => 949,
        "shift_jis" or "shift-jis" or "sjis" or "x-sjis" or "ms_kanji" or "windows-31j" or "cp932" or "ms932" => 932,
        "big5" or "big-5" or "big5-hkscs" or "cn-big5" or "x-x-big5" or "cp950" => 950,
        "iso-2022-jp" or "iso-2022-jp-1" or "iso-2022-jp-2" or "iso-2022-jp-ms" or "cp50220" or "cp50221" or "cp50222" => 50220,
        "latin1" or "latin-1" or "l1" or "ansi" => Windows1252,
        "tis-620" or "iso-8859-11" => 874,
        "koi8" => 20866,
        _ => Numbered(name),
    };

    private static int? Numbered(string name)
    {
        if (WindowsName().Match(name) is { Success: true } windows)
        {
            return int.Parse(windows.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        }
        if (IsoName().Match(name) is { Success: true } iso)
        {
            return int.Parse(iso.Groups[1].ValueSpan, CultureInfo.InvariantCulture) switch
            {
                1 => Windows1252,
                9 => 1254,
                11 => 874,
                14 => Windows1252,
                var part => 28590 + part,
            };
        }
        return null;
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

    [GeneratedRegex(@"^(?:x-)?(?:cp|windows|win|ms|ansi|ibm)[-_]?((?:125[0-8])|(?:8[567][0-9])|437|737|775)\z")]
    private static partial Regex WindowsName();

    [GeneratedRegex(@"^(?:x-)?(?:iso[-_ ]?)?8859[-_ ]?([1-9]|1[0-6])(?:[-_:].*)?\z")]
    private static partial Regex IsoName();
}
