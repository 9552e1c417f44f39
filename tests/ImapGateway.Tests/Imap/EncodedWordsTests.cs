using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class EncodedWordsTests
{
    [Theory]
    [InlineData("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße")]
    [InlineData("=?utf-8?B?R3LDvMOfZQ?=", "Grüße")]
    [InlineData("=?utf-8?b?R3LD vMOf ZQ==?=", "Grüße")]
    [InlineData("=?utf-8?B?R3LD=vMOfZQ==?=", "Grüße")]
    [InlineData("=?UTF-8?q?Gr=c3=bc=C3=9Fe_an_alle?=", "Grüße an alle")]
    [InlineData("=?utf-8?Q?Gr=C3=BC=C3=9Fe an alle?=", "Grüße an alle")]
    [InlineData("=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße")]
    [InlineData("=? utf-8 ?Q?Gr=C3=BC=C3=9Fe?=", "Grüße")]
    [InlineData("\"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=\" (=?utf-8?Q?=E2=82=AC?=)", "\"Grüße\" (€)")]
    [InlineData("Re:=?utf-8?Q?_=C3=BC?=ber", "Re: über")]
    [InlineData("=?utf-8?Q?Why?=3F?= =?utf-8?Q?_so?=", "Why?? so")]
    [InlineData("=?utf-8?Q?Ann?=ceo@example.com=?=", "Annceo@example.com=?=")]
    [InlineData("=?utf-8?Q?=41?=\t=?utf-8?Q?=42?= C", "AB C")]
    [InlineData("=?utf-8?Q?raw ü?=", "raw ü")]
    public void Words_are_decoded_however_carelessly_they_were_made(string text, string expected) => Assert.Equal(expected, EncodedWords.Decode(text));

    [Theory]
    [InlineData("=?utf-8?Q?Gr=C3?= =?utf-8?B?vMOfZQ==?=", "Grüße")]
    [InlineData("=?utf-8?B?5pel5pw=?= =?UTF-8?B?rOiqng==?=", "日本語")]
    [InlineData("=?gb2312?B?1g==?= =?gb2312?B?0M4=?= =?GB2312?B?xA==?=", "中文")]
    [InlineData("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCOGwbKEI=?=", "日本語")]
    [InlineData("=?iso-2022-jp?B?GyRCRnxLXA==?= =?iso-2022-jp?Q?abc?=", "日本abc")]
    [InlineData("=?utf-8?Q?=E2=82?= =?iso-8859-1?Q?=AC?=", "¬")]
    public void Neighbours_are_decoded_together_where_a_character_is_divided_and_apart_where_each_begins_anew(string text, string expected) => Assert.Equal(expected, EncodedWords.Decode(text));

    [Theory]
    [InlineData("=?iso-8859-1?Q?=93Hallo=94_=96_5_=80?=", "“Hallo” – 5 €")]
    [InlineData("=?us-ascii?Q?W=F6lbung?=", "Wölbung")]
    [InlineData("=?us-ascii?Q?W=C3=B6lbung?=", "Wölbung")]
    [InlineData("=?utf-8?Q?W=F6lbung?=", "Wölbung")]
    [InlineData("=?utf-8?Q?Gr=FC=DFe?=", "Grüße")]
    [InlineData("=?iso-8859-1?Q?W=C3=B6lbung?=", "Wölbung")]
    [InlineData("=?gb2312?B?6X4=?=", "閪")]
    [InlineData("=?unknown-8bit?Q?Caf=E9?=", "Café")]
    [InlineData("=?no-such-charset?Q?Caf=E9?=", "Café")]
    [InlineData("=??Q?Caf=E9?=", "Café")]
    [InlineData("=?utf-7?Q?Gr+APwA3w-e?=", "Grüße")]
    [InlineData("=?latin-9?Q?5_=A4?=", "5 €")]
    [InlineData("=?ks_c_5601-1987?B?vsiz58fPvLy/5A==?=", "안녕하세요")]
    [InlineData("=?cp1125?Q?=8F=E0=A8=A2=F7=E2?=", "Привіт")]
    public void Labels_are_those_of_real_mail(string text, string expected) => Assert.Equal(expected, EncodedWords.Decode(text));

    [Fact]
    public void A_word_whose_charset_says_nothing_is_read_in_the_charset_of_the_body() => Assert.Equal("Привет", EncodedWords.Decode("=?us-ascii?Q?=F0=D2=C9=D7=C5=D4?=", "koi8-r"));

    [Theory]
    [InlineData("=?utf-8?X?abc?=")]
    [InlineData("=?utf-8?Q?never ends")]
    [InlineData("=?utf-8 =? ?=")]
    [InlineData("a =? b ?= c")]
    [InlineData("=?")]
    [InlineData("=?utf-8?Q?")]
    public void What_is_no_word_stays_as_it_is(string text) => Assert.Equal(text, EncodedWords.Decode(text));

    [Fact]
    public void A_word_without_an_end_does_not_swallow_the_next_one() => Assert.Equal("=?utf-8?Q?one two", EncodedWords.Decode("=?utf-8?Q?one =?utf-8?Q?two?="));

    [Fact]
    public void Any_text_is_decoded() => Prop.ForAll(
        Gen.Elements("=?", "?=", "utf-8", "?Q?", "?B?", "=C3", "=BC", "R3LD", " ", "\t", "x", "?", "=", "\u00fc", "\ud83d\ude00", "iso-2022-jp", "\u001b$B", "gb2312").ArrayOf().ToArbitrary(),
        pieces => Assert.NotNull(EncodedWords.Decode(string.Concat(pieces)))).QuickCheckThrowOnFailure();
}
