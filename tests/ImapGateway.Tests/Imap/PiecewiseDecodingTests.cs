using System.Buffers;
using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

/// <summary>Octets arrive in pieces that end anywhere: whatever the cuts, the result is that of the whole.</summary>
public class PiecewiseDecodingTests
{
    /// <summary>Valid content and damaged content of each encoding; short enough for every pair of cuts.</summary>
    public static TheoryData<string, string> Samples => new()
    {
        { "quoted-printable", "caf=C3=A9 =3D soft=\r\nbreak=\nagain=20 \r\n=E2=82=AC=\r\n=\r\nend" },
        { "quoted-printable", "=zz =4 = =C3=\r =\r\r\n ==3D =a=b=\t\r\n=3" },
        { "quoted-printable", "=\r\n=\r\n==\r\n=C=\n3=A9=" },
        { "quoted-printable", "a=  \t\r\nb =  c =\t \n= = \r\n=3D= " },
        { "base64", "aGVs\r\nbG8=\r\n" },
        { "base64", "aGVsbG8" },
        { "base64", "aGVsbA==\r\naGVsbG8=\r\naGVs" },
        { "base64", "Q=Q==\r\n=\r\n=aGVs=bG8===\r\nZ" },
        { "base64", "a!G*V\0s\xFFbG8-=_=" },
        { "x-uuencode", "begin 644 a.txt\n%:&5L;&\\`\n`\nend\n" },
        { "x-uuencode", "hello\r\nbegin 644 a.txt\r\n#86)C\r\n%:&5L;&\\`\r\n`\r\nend\r\nmore\r\n#86)C\r\n" },
        { "x-uuencode", "bebegin\nbegin 6\nbegin 644 x\n#86)C#86)C\n\n!80\n#86\n%:&5L;&\\`" },
        { "7bit", "as it is =C3=A9" },
    };

    private static byte[] Decode(string encoding, byte[] octets, params int[] cuts)
    {
        var decoder = TransferDecoder.For(encoding);
        var output = new ArrayBufferWriter<byte>();
        var from = 0;
        foreach (var cut in cuts.Append(octets.Length))
        {
            decoder.Decode(octets.AsSpan(from, cut - from), output);
            from = cut;
        }
        decoder.Flush(output);
        return output.WrittenSpan.ToArray();
    }

    private static int[] Every(int step, int length) => [.. Enumerable.Range(1, length / step).Select(i => i * step).Where(cut => cut < length)];

    private static void Same(string encoding, byte[] octets, byte[] whole, params int[] cuts)
    {
        var decoded = Decode(encoding, octets, cuts);
        Assert.True(whole.AsSpan().SequenceEqual(decoded), $"{encoding} cut at {string.Join(' ', cuts.Take(20))}: {decoded.Length} octets, {whole.Length} in one piece");
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_pair_of_cuts_gives_the_whole(string encoding, string text)
    {
        var octets = Encoding.Latin1.GetBytes(text);
        var whole = Decode(encoding, octets);
        for (var first = 0; first <= octets.Length; first++)
        {
            for (var second = first; second <= octets.Length; second++)
            {
                Same(encoding, octets, whole, first, second);
            }
        }
        for (var step = 1; step <= 3; step++)
        {
            Same(encoding, octets, whole, Every(step, octets.Length));
        }
    }

    [Theory]
    [InlineData("quoted-printable")]
    [InlineData("base64")]
    [InlineData("x-uuencode")]
    public void Large_content_comes_back_whatever_the_cuts(string encoding)
    {
        var random = new Random(7);
        var content = new byte[100_000];
        random.NextBytes(content);
        var encoded = Encoded(encoding, content);
        Assert.Equal(content, Decode(encoding, encoded));
        // Buffers of the network and of the decoder have round sizes: each phase of an escape falls on their ends.
        foreach (var size in new[] { 1, 2, 3, 4093, 4096, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024 })
        {
            Same(encoding, encoded, content, Every(size, encoded.Length));
        }
        for (var run = 0; run < 200; run++)
        {
            Same(encoding, encoded, content, [.. Enumerable.Range(0, random.Next(1, 50)).Select(_ => random.Next(encoded.Length)).Order()]);
        }
    }

    [Theory]
    [InlineData("quoted-printable", "=\r\nABCDEF0123456789 x")]
    [InlineData("base64", "=\r\nABCDwxyz019+/ !")]
    [InlineData("x-uuencode", "`\r\n!#%begin M 86)C")]
    public void Garbage_decodes_to_the_same_whatever_the_cuts(string encoding, string alphabet)
    {
        var random = new Random(11);
        for (var run = 0; run < 2_000; run++)
        {
            var garbage = Encoding.ASCII.GetBytes(new string(random.GetItems<char>(alphabet, random.Next(1, 60))));
            byte[] octets = encoding == "x-uuencode" ? [.. "begin 644 a\n"u8, .. garbage] : garbage;
            var whole = Decode(encoding, octets);
            Same(encoding, octets, whole, Every(1, octets.Length));
            Same(encoding, octets, whole, random.Next(octets.Length));
        }
    }

    private static byte[] Encoded(string encoding, byte[] content) => encoding switch
    {
        "quoted-printable" => Encoding.ASCII.GetBytes(string.Concat(content.Chunk(24).Select(line => string.Concat(line.Select(octet => $"={octet:X2}")) + "=\r\n"))),
        "base64" => Encoding.ASCII.GetBytes(Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks)),
        _ => Encoding.ASCII.GetBytes("begin 644 a\r\n" + string.Concat(content.Chunk(45).Select(line => UuLine(line) + "\r\n")) + "`\r\nend\r\n"),
    };

    private static string UuLine(byte[] line)
    {
        var text = new StringBuilder().Append((char)(' ' + line.Length));
        foreach (var three in line.Chunk(3))
        {
            var bits = three[0] << 16 | (three.Length > 1 ? three[1] << 8 : 0) | (three.Length > 2 ? three[2] : 0);
            for (var shift = 18; shift >= 0; shift -= 6)
            {
                text.Append((bits >> shift & 63) is > 0 and var six ? (char)(' ' + six) : '`');
            }
        }
        return text.ToString();
    }
}
