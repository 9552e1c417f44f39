using ImapGateway.Imap;
using static ImapGateway.Tests.Imap.Structure;

namespace ImapGateway.Tests.Imap;

public class FilenamesTests
{
    [Theory]
    [InlineData(@"C:\Users\me\report.pdf", "report.pdf")]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("a\r\nb\0.txt", "a b.txt")]
    [InlineData("invoice\u202Efdp.exe", "invoicefdp.exe")]
    [InlineData("=?utf-8?Q?R=C3=A9sum=C3=A9.pdf?=", "Résumé.pdf")]
    [InlineData("Übergröße.doc", "Übergröße.doc")]
    [InlineData("..", null)]
    [InlineData("dir/", null)]
    [InlineData("Invoice 1/2.pdf", "Invoice 1_2.pdf")]
    [InlineData("a/../b.pdf", "b.pdf")]
    [InlineData("/tmp/b.pdf", "b.pdf")]
    [InlineData("C:/tmp/b.pdf", "b.pdf")]
    [InlineData("  ", null)]
    [InlineData(null, null)]
    public void A_name_is_the_last_segment_decoded_and_visible(string? given, string? expected) => Assert.Equal(expected, Filenames.Normalise(given));

    [Fact]
    public void A_name_in_raw_8_bit_is_read_with_the_charset_of_the_text() =>
        Assert.Equal("测试.txt", MessageStructure.Of(Multi("mixed", Part("text/plain; charset=gb2312"), Part("application/pdf; name=\"²âÊÔ.txt\"")).Build())[1].Filename);

    [Fact]
    public void A_long_name_keeps_its_extension_and_whole_characters()
    {
        var name = Filenames.Normalise(string.Concat(Enumerable.Repeat("😀", 300)) + ".jpeg")!;
        Assert.True(name.Length <= Filenames.MaxLength);
        Assert.EndsWith("😀.jpeg", name);
    }

    [Theory]
    [InlineData("application/pdf; name*0*=utf-8''%E2%82%AC%20; name*1=rates.pdf", null, "€ rates.pdf")]
    [InlineData("application/pdf; name=type.pdf", "attachment; filename*=iso-8859-1''na%EFve.pdf", "naïve.pdf")]
    [InlineData("application/pdf; name=type.pdf", "attachment", "type.pdf")]
    [InlineData("application/pdf", "attachment; filename=\"\"", null)]
    public void The_disposition_names_before_the_type(string type, string? disposition, string? expected) =>
        Assert.Equal(expected, MessageStructure.Of(Part(type, disposition).Build())[0].Filename);
}
