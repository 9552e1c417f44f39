using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class TransferDecoderTests
{
    private static readonly string[] Encodings = ["base64", "quoted-printable", "x-uuencode", "7bit", "binary"];

    private static byte[] Decode(string encoding, params byte[][] chunks)
    {
        var decoder = TransferDecoder.For(encoding);
        var output = new ArrayBufferWriter<byte>();
        foreach (var chunk in chunks)
        {
            decoder.Decode(chunk, output);
        }
        decoder.Flush(output);
        return output.WrittenSpan.ToArray();
    }

    private static string Text(string encoding, string encoded) => Encoding.UTF8.GetString(Decode(encoding, Encoding.UTF8.GetBytes(encoded)));

    [Theory]
    [InlineData("base64", "aGVs\r\nbG8=\r\n", "hello")]
    [InlineData("base64", "aGVsbG8", "hello")]
    [InlineData("base64", "aGVsbA", "hell")]
    [InlineData("base64", "aG!*Vs\0bG8=", "hello")]
    [InlineData("base64", "", "")]
    [InlineData("base64", "====", "")]
    [InlineData("quoted-printable", "caf=C3=A9 =3D soft=\r\nbreak=\nagain", "café = softbreakagain")]
    [InlineData("quoted-printable", "=zz =4 =", "=zz =4 ")]
    [InlineData("quoted-printable", "Gr=c3=bc=C3= \t \r\n=9Fe =\t\nalle=ZZ = ", "Grüße alle=ZZ ")]
    [InlineData("quoted-printable", "a = b =  c =\t=3D = =\r\n", "a = b =  c =\t= = ")]
    [InlineData("x-uuencode", "begin 644 a.txt\n%:&5L;&\\`\n`\nend\n", "hello")]
    [InlineData("7bit", "as it is", "as it is")]
    [InlineData("binary", "as=20it is", "as=20it is")]
    public void Encoded_text_is_decoded_and_garbage_tolerated(string encoding, string encoded, string expected) => Assert.Equal(expected, Text(encoding, encoded));

    [Fact]
    public void Chunks_may_end_anywhere() => Prop.ForAll<byte[], byte[], bool>((one, two, real) =>
    {
        foreach (var encoding in Encodings)
        {
            // Real base64 half of the time, garbage the other half.
            var (first, second) = real ? (Encoding.ASCII.GetBytes(Convert.ToBase64String(one)), Encoding.ASCII.GetBytes("=3D=\r\n" + Convert.ToBase64String(two))) : (one, two);
            byte[] whole = [.. first, .. second];
            Assert.Equal(Decode(encoding, whole), Decode(encoding, first, second));
            Assert.Equal(Decode(encoding, whole), Decode(encoding, [.. whole.Select(octet => new[] { octet })]));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_was_encoded_comes_back() => Prop.ForAll<byte[]>(content =>
    {
        var folded = Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks);
        Assert.Equal(content, Decode("base64", Encoding.ASCII.GetBytes(folded)));
        Assert.Equal(content, Decode("base64", Encoding.ASCII.GetBytes(folded.TrimEnd('='))));
        Assert.Equal(content, Decode("quoted-printable", Encoding.ASCII.GetBytes(string.Concat(content.Select(octet => $"={octet:X2}")))));
        Assert.Equal(content, Decode("8bit", content));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_chunk_of_any_size_is_taken_whole()
    {
        var content = new byte[1_000_000];
        new Random(1).NextBytes(content);
        Assert.Equal(content, Decode("base64", Encoding.ASCII.GetBytes(Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks))));
    }
}
