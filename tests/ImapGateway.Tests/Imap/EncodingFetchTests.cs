using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class EncodingFetchTests
{
    [Theory]
    [InlineData("R3LDvMOfZQ==")]
    [InlineData("SGk=")]
    [InlineData("R3LDvMOfZSBhdXMgS8O2bG4sIHdpZSBnZWh0IGVzIERpcj8gSGllciBzdGVodCBnZW51ZyBUZXh0 IGbDvHIgendlaQ==")]
    [InlineData("Gr=C3=BC=C3=9Fe")]
    [InlineData("one =3D two")]
    public void Text_that_is_still_encoded_looks_so(string preview) => Assert.True(EncodingFetch.LooksEncoded(preview));

    [Theory]
    [InlineData("")]
    [InlineData("Hi")]
    [InlineData("Some text.")]
    [InlineData("Meeting tomorrow at ten")]
    [InlineData("https://example.com/?a=20&b=AB")]
    [InlineData("test test test test")]
    public void Text_that_is_not_encoded_does_not_look_so(string preview) => Assert.False(EncodingFetch.LooksEncoded(preview));
}
