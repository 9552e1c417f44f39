using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class CharsetsTests
{
    [Theory]
    [InlineData("iso-8859-10", "ISO8859_10 csISOLatin6 latin6", "A1 BD FF", "Ą―ĸ")]
    [InlineData("iso-8859-14", "latin8 iso_8859-14:1998 iso-ir-199", "A1 D0 F7", "ḂŴṫ")]
    [InlineData("iso-8859-16", "latin10 iso8859-16", "A4 AA FE", "€Șț")]
    [InlineData("iso-8859-15", "latin-9 latin9 l9 iso885915 iso_8859-15:1999", "A4 BD", "€œ")]
    [InlineData("iso-8859-1", "latin1 LATIN-1 l1 iso_8859-1:1987 iso-ir-100 cp819 windows-1252 cp1252 x-cp1252 ansi", "80 E9", "€é")]
    [InlineData("iso-8859-9", "latin5 windows-1254 cp1254", "FE 80", "ş€")]
    [InlineData("iso-8859-11", "tis-620 windows-874 dos-874", "A1 80", "ก€")]
    [InlineData("iso-8859-8-i", "iso-8859-8 hebrew visual logical iso-8859-8-e", "F9 EC", "של")]
    [InlineData("koi8-r", "koi8 koi koi8_r csKOI8R", "F0 D2", "Пр")]
    [InlineData("koi8-u", "koi8-ru", "A4 B4", "єЄ")]
    [InlineData("cp1125", "ibm1125 ruscii", "F3 F7 F9", "ґії")]
    [InlineData("ibm866", "cp866 866 csibm866 dos-866", "8F E0", "Пр")]
    [InlineData("windows-1251", "cp1251 cp-1251 x-cp1251 win-1251 windows1251 ansi-1251", "CF F0", "Пр")]
    [InlineData("macintosh", "mac x-mac-roman csMacintosh", "8E D0", "é–")]
    [InlineData("x-mac-cyrillic", "x-mac-ukrainian", "80 B4", "Аі")]
    [InlineData("gb2312", "GBK gb18030 gb_2312-80 chinese cp936 x-gbk csgb2312 euc-cn", "C4 FA E9 46 81 39 EE 39", "您镕㐀")]
    [InlineData("big5", "big5-hkscs cn-big5 x-x-big5 csbig5 cp950", "AD BB B4 E4 9D EF 88 62", "香港嘅Ê̄")]
    [InlineData("ks_c_5601-1987", "ks_c_5601 euc-kr ksc5601 korean windows-949 cp949 uhc iso-ir-149", "BE C8 8C 63", "안똠")]
    [InlineData("shift_jis", "sjis x-sjis shift-jis ms_kanji windows-31j cp932", "87 40 93 FA", "①日")]
    [InlineData("euc-jp", "x-euc-jp csEUCPkdFmtJapanese", "C6 FC", "日")]
    [InlineData("iso-2022-jp", "csISO2022JP iso-2022-jp-ms cp50221", "1B 24 42 46 7C 1B 28 42", "日")]
    [InlineData("utf-16", "utf-16le unicode ucs-2 iso-10646-ucs-2", "41 00 42 00", "AB")]
    [InlineData("utf-16be", "unicodeFFFE utf-16", "00 41 00 42", "AB")]
    [InlineData("utf-7", "unicode-1-1-utf-7 x-unicode-2-0-utf-7 csUnicode11UTF7", "2B 32 44 33 65 41 41 2D 2B 2D", "😀+")]
    [InlineData("utf-8", "utf8 UTF8 x-utf-8 unicode-1-1-utf-8 utf8mb4 utf-8;format=flowed charset=utf-8 'utf-8' \"utf-8\" utf-8*en", "E6 97 A5", "日")]
    [InlineData("viscii", "csVISCII", "AA D5", "ếạ")]
    public void Labels_mean_what_senders_use_under_them(string label, string others, string octets, string text)
    {
        foreach (var name in others.Split(' ').Append(label).SelectMany(name => new[] { name, name.ToUpperInvariant() }))
        {
            Assert.True(Charsets.Find(name) is not null, name);
            Assert.Equal((name, text), (name, CharsetDecoder.Decode(Convert.FromHexString(octets.Replace(" ", "", StringComparison.Ordinal)), name)));
        }
    }

    [Theory]
    [InlineData("us-ascii")]
    [InlineData("ANSI_X3.4-1968")]
    [InlineData("unknown-8bit")]
    [InlineData("x-user-defined")]
    [InlineData("no-such-charset")]
    [InlineData("iso-8859-12")]
    [InlineData("iso-8859-17")]
    [InlineData("")]
    [InlineData(null)]
    public void Labels_that_say_nothing_are_none(string? label) => Assert.Null(Charsets.Find(label));

    [Theory]
    [InlineData("<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=gb18030\"></head><body>@", "gb18030", "您好")]
    [InlineData("<meta charset=euc-kr>@", "ks_c_5601-1987", "안녕하세요")]
    [InlineData("<META content='text/html;charset=windows-1256' http-equiv=Content-Type>@", "windows-1256", "مرحبا")]
    [InlineData("<?xml version=\"1.0\" encoding=\"koi8-r\"?><html>@", "koi8-r", "Привет")]
    [InlineData("<!-- <meta charset=koi8-r> --><meta name=viewport><meta charset='windows-1251'/>@", "windows-1251", "Привет")]
    public void Html_says_itself_what_it_is_written_in(string html, string charset, string text)
    {
        byte[] octets = [.. Encoding.ASCII.GetBytes(html[..^1]), .. Encoding.GetEncoding(charset).GetBytes(text)];
        Assert.EndsWith(text, CharsetDecoder.DecodePart(Html(null), octets), StringComparison.Ordinal);
        Assert.EndsWith(text, CharsetDecoder.DecodePart(Html("us-ascii"), octets), StringComparison.Ordinal);
    }

    [Fact]
    public void A_charset_that_was_told_goes_before_the_document() =>
        Assert.EndsWith("Привет", CharsetDecoder.DecodePart(Html("koi8-r"), [.. "<meta charset=windows-1251>"u8, .. Encoding.GetEncoding("koi8-r").GetBytes("Привет")]), StringComparison.Ordinal);

    [Theory]
    [InlineData("<meta charset=utf-7>+ADw-script+AD4-")]
    [InlineData("<meta charset=utf-16>plain")]
    public void A_document_is_not_believed_what_only_attackers_say(string html) => Assert.Equal(html, CharsetDecoder.DecodePart(Html(null), Encoding.ASCII.GetBytes(html)));

    private static ImapGateway.Mail.MessagePart Html(string? charset) => new("1", "text/html", charset, "8bit", 1, null, null, null, null, true, true, false);
}
