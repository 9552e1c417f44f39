using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class MimeParametersTests
{
    [Theory]
    [InlineData("attachment; filename=report.pdf", "report.pdf")]
    [InlineData("attachment; filename=\"My report.pdf\"; size=5", "My report.pdf")]
    [InlineData("attachment; filename=My report 2024.pdf", "My report 2024.pdf")]
    [InlineData("attachment; filename=My report 2024.pdf ; size=5", "My report 2024.pdf")]
    [InlineData("attachment; filename=\"He said \"hi\".pdf\"", "He said \"hi\".pdf")]
    [InlineData("attachment; filename=\"He said \\\"hi\\\".pdf\"", "He said \"hi\".pdf")]
    [InlineData("attachment filename=\"x.pdf\"", "x.pdf")]
    [InlineData("attachment; filename = \"x.pdf\";", "x.pdf")]
    [InlineData("attachment; filename=a;b.pdf; size=5", "a;b.pdf")]
    [InlineData("attachment; filename=\"never closed.pdf", "never closed.pdf")]
    [InlineData("attachment; filename=\"C:\\temp\\x.pdf\"", "C:\\temp\\x.pdf")]
    [InlineData("attachment; FILENAME=\"=?utf-8?Q?W=C3=B6lbung.pdf?=\"", "Wölbung.pdf")]
    [InlineData("attachment; filename=\"Größe.pdf\"", "Größe.pdf")]
    [InlineData("attachment; filename*=utf-8''W%C3%B6lbung.pdf", "Wölbung.pdf")]
    [InlineData("attachment; filename*=us-ascii''W%F6lbung.pdf", "Wölbung.pdf")]
    [InlineData("attachment; filename*=iso-8859-1'de'%93x%94.pdf", "“x”.pdf")]
    [InlineData("attachment; filename*=cp1125''%8F%E0%A8%A2%F7%E2.pdf", "Привіт.pdf")]
    [InlineData("attachment; filename=x.pdf; filename*=utf-8''y.pdf", "y.pdf")]
    [InlineData("attachment; filename*0=\"a long \"; filename*1=\"name.pdf\"", "a long name.pdf")]
    [InlineData("attachment; filename*1*=%9Fe.pdf; filename*0*=utf-8''Gr%C3%BC%C3", "Grüße.pdf")]
    [InlineData("attachment", null)]
    [InlineData("attachment; xfilename=x.pdf", null)]
    public void A_file_name_is_whole_however_it_was_quoted(string field, string? name) => Assert.Equal(name, MimeParameters.Find(field, "filename"));

    [Fact]
    public void The_name_of_the_disposition_goes_before_that_of_the_type()
    {
        var header = HeaderFields.Parse("Content-Type: application/pdf; name=type.pdf\r\nContent-Disposition: attachment;\r\n filename=disposition.pdf\r\n\r\n"u8);
        Assert.Equal("disposition.pdf", Filenames.Of(header, null));
        Assert.Equal("test.bin", Filenames.Of(HeaderFields.Parse("Content-Type: ; name=\"test.bin\"\r\n\r\n"u8), null));
    }

    [Fact]
    public void Any_text_has_a_name_or_none() => Prop.ForAll(
        Gen.Elements("attachment", ";", " ", "filename", "*", "0", "1", "=", "\"", "\\", "utf-8", "'", "%C3", "%", "\u00fc", "name.pdf").ArrayOf().ToArbitrary(),
        pieces => Assert.True(MimeParameters.Find(string.Concat(pieces), "filename") is var name && (name is null || Encoding.UTF8.GetByteCount(name) >= 0))).QuickCheckThrowOnFailure();
}
