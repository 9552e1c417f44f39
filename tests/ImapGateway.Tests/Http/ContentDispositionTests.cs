using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Http;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.Tests.Http;

public class ContentDispositionTests
{
    [Theory]
    [InlineData("report.pdf", "attachment; filename=\"report.pdf\"")]
    [InlineData("two words.txt", "attachment; filename=\"two words.txt\"")]
    [InlineData("naïve €.txt", "attachment; filename=\"na_ve _.txt\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt")]
    [InlineData("50%.txt", "attachment; filename=\"50%.txt\"; filename*=UTF-8''50%25.txt")]
    [InlineData("a\"b\\c.txt", "attachment; filename=\"a_b_c.txt\"; filename*=UTF-8''a%22b%5Cc.txt")]
    [InlineData("x\r\nSet-Cookie: a=b", "attachment; filename=\"xSet-Cookie: a=b\"")]
    [InlineData("日本.doc", "attachment; filename=\"__.doc\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.doc")]
    [InlineData("\u202Efdp.exe", "attachment; filename=\"fdp.exe\"")]
    [InlineData("", "attachment")]
    [InlineData(null, "attachment")]
    public void A_name_is_given_in_ascii_and_in_full(string? filename, string expected) => Assert.Equal(expected, ContentDisposition.Format("attachment", filename));

    [Fact]
    public void Any_name_gives_one_line_of_ascii_that_parses_back() => Prop.ForAll<string>(name =>
    {
        var value = ContentDisposition.Format("inline", name);
        Assert.DoesNotContain(value, character => character is < ' ' or > '~');
        Assert.True(ContentDispositionHeaderValue.TryParse(value, out var parsed));
        Assert.True(parsed.FileNameStar.Value is null || name.Contains(parsed.FileNameStar.Value[^1]) || name.Any(char.IsSurrogate));
    }).QuickCheckThrowOnFailure();
}
