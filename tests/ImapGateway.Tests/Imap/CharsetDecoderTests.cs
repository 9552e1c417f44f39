using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class CharsetDecoderTests
{
    private static byte[] In(string charset, string text) => Encoding.GetEncoding(charset).GetBytes(text);

    [Theory]
    [InlineData("gb2312", "gb18030", "㐀 and 中文")]
    [InlineData("GBK", "gb18030", "镕")]
    [InlineData("iso-8859-1", "windows-1252", "“quoted” €")]
    [InlineData("ks_c_5601-1987", "ks_c_5601-1987", "똠방각하")]
    [InlineData("\"Shift_JIS\"", "shift_jis", "①日本語")]
    [InlineData("iso-2022-jp", "iso-2022-jp", "日本語のメール")]
    [InlineData("big5", "big5", "繁體中文")]
    [InlineData("koi8-r", "koi8-r", "Привет")]
    [InlineData("cp-1251", "windows-1251", "Привет")]
    [InlineData("iso8859-2", "iso-8859-2", "Příliš žluťoučký")]
    [InlineData("utf8", "utf-8", "日本")]
    [InlineData("utf-16le", "utf-16le", "日本")]
    public void Labels_mean_what_senders_use_under_them(string label, string charset, string text) => Assert.Equal(text, CharsetDecoder.Decode(In(charset, text), label));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("us-ascii")]
    [InlineData("no-such-charset")]
    [InlineData("unknown-8bit")]
    [InlineData("utf-7")]
    [InlineData("iso-8859-1")]
    public void Valid_utf8_is_read_as_such_whatever_a_western_or_useless_label_says(string? label) => Assert.Equal("Grüße €", CharsetDecoder.Decode("Grüße €"u8, label));

    [Fact]
    public void Utf7_is_decoded_where_it_was_told_and_nowhere_else()
    {
        Assert.Equal("<b>", CharsetDecoder.Decode("+ADw-b+AD4-"u8, "utf-7"));
        Assert.Equal("+ADw-b+AD4-", CharsetDecoder.Decode("+ADw-b+AD4-"u8, null));
    }

    [Theory]
    [InlineData("windows-1251", "Здравствуйте, уважаемые коллеги! Направляю вам документы для рассмотрения и согласования.")]
    [InlineData("gb18030", "尊敬的客户您好，感谢您对我们产品的支持，附件是本月的账单明细，请查收。")]
    [InlineData("shift_jis", "いつもお世話になっております。資料を添付いたしますのでご確認ください。")]
    public void Unlabelled_text_is_detected(string charset, string text) => Assert.Equal(text, CharsetDecoder.Decode(In(charset, text), null));

    [Fact]
    public void Too_short_to_be_detected_is_western() => Assert.Equal("Café", CharsetDecoder.Decode([0x43, 0x61, 0x66, 0xE9], null));

    [Fact]
    public void A_wrong_utf8_label_is_seen_through() => Assert.Equal("Привет, как дела? Всё хорошо, спасибо большое.", CharsetDecoder.Decode(In("windows-1251", "Привет, как дела? Всё хорошо, спасибо большое."), "utf-8"));

    [Fact]
    public void One_broken_byte_does_not_undo_utf8() => Assert.Equal("日本\uFFFD語", CharsetDecoder.Decode([.. "日本"u8, 0xFF, .. "語"u8], "utf-8"));

    [Fact]
    public void A_byte_order_mark_is_obeyed_and_removed()
    {
        Assert.Equal("é", CharsetDecoder.Decode([0xEF, 0xBB, 0xBF, 0xC3, 0xA9], "iso-8859-1"));
        Assert.Equal("é", CharsetDecoder.Decode([0xFF, 0xFE, 0xE9, 0x00], null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_character_cut_off_at_the_end_is_dropped(int cut) => Assert.Equal("aé😀", CharsetDecoder.Decode("aé😀😀"u8[..^cut], cut == 1 ? "utf-8" : null));

    /// <summary>A fetch by octets ends anywhere.</summary>
    [Theory]
    [InlineData("utf-8", "Grüße 日本 😀, é")]
    [InlineData("utf-16le", "Grüße 日本 😀, é")]
    [InlineData("utf-16be", "Grüße 日本 😀, é")]
    [InlineData("utf-32", "Grüße 日本 😀, é")]
    [InlineData("gb18030", "尊敬的客户 㐀 😀, 您好")]
    [InlineData("big5", "繁體中文, 香港")]
    [InlineData("shift_jis", "①日本語、ｶﾅ")]
    [InlineData("euc-jp", "日本語、資料")]
    [InlineData("ks_c_5601-1987", "똠방각하, 한국어")]
    [InlineData("iso-2022-jp", "日本語のメール, abc 日本")]
    [InlineData("koi8-r", "Привет, мир")]
    public void Wherever_the_bytes_are_cut_off_the_text_is_a_beginning_of_the_whole(string charset, string text)
    {
        var bytes = In(charset, text);
        Assert.Equal(text, CharsetDecoder.Decode(bytes, charset));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.StartsWith(CharsetDecoder.Decode(bytes.AsSpan(0, length), charset), text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("iso-8859-1")]
    [InlineData("us-ascii")]
    [InlineData("no-such-charset")]
    [InlineData(null)]
    public void Utf8_under_a_western_or_useless_label_is_still_read_as_such_where_it_is_cut_off(string? label)
    {
        const string Text = "Grüße, 日本 😀";
        var bytes = Encoding.UTF8.GetBytes(Text);
        // Before the end of the first character outside of ASCII nothing tells that it is UTF-8.
        for (var length = Encoding.UTF8.GetByteCount("Grü"); length < bytes.Length; length++)
        {
            Assert.StartsWith(CharsetDecoder.Decode(bytes.AsSpan(0, length), label), Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Any_bytes_under_any_label_give_text_that_is_whole() => Prop.ForAll<byte[], string>((bytes, label) =>
    {
        foreach (var name in new[] { label, null, "utf-8", "utf-16", "gb2312", "iso-2022-jp", "shift_jis", "hz-gb-2312", "utf-32" })
        {
            var text = CharsetDecoder.Decode(bytes, name);
            Assert.Equal(text, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));
        }
    }).QuickCheckThrowOnFailure();
}
