using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Imap;

/// <summary>The structure of a message from its own octets.</summary>
public class StructureFetchTests
{
    private static readonly string Mixed = """
        Subject: mixed
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=a

        preamble
        --a
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        one
        --b
        Content-Type: text/html

        <p>one</p>

        --b--
        --a
        Content-Type: message/rfc822

        Subject: inner
        Content-Type: multipart/mixed; boundary=c

        --c

        inner
        --c--
        --a
        Content-Type: application/pdf; name="x.pdf"
        Content-Disposition: attachment; filename="an offer.pdf"
        Content-Transfer-Encoding: base64
        Content-ID: <id@x>

        AAAA
        --a--
        epilogue

        """.ReplaceLineEndings("\r\n");

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task Parts_are_numbered_and_measured_as_servers_do(int size)
    {
        var parts = await Read(Encoding.ASCII.GetBytes(Mixed), size);
        Assert.Equal(
            ["1.1 text/plain utf-8 quoted-printable 3 text", "1.2 text/html  7bit 12 html", "2 message/rfc822  7bit 80 ", "3 application/pdf  base64 4 "],
            parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Part} {part.ContentType} {part.Charset} {part.Encoding} {part.Size} {(part.InText ? "text" : "")}{(part.InHtml ? "html" : "")}")));
        Assert.Equal("inner.eml", parts[2].Filename);
        Assert.Equal(("an offer.pdf", "attachment", "id@x"), (parts[3].Filename, parts[3].Disposition, parts[3].ContentId));
    }

    [Theory]
    [InlineData("Subject: x\r\n\r\ntext\r\n", "1 text/plain 6")]
    [InlineData("Subject: x\r\nContent-Type: text/html\r\n\r\n", "1 text/html 0")]
    [InlineData("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nopen end", "1 text/plain 8")]
    [InlineData("Subject: x\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: y\r\n\r\nz\r\n--b--\r\n", "1 message/rfc822 15")]
    [InlineData("Subject: x\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nz\r\n", "1 message/rfc822 17")]
    [InlineData("Subject: x\r\nContent-Type: ; ;=\r\n\r\nz\r\n", "1 application/octet-stream 3")]
    [InlineData("", "1 text/plain 0")]
    [InlineData("no header", "1 text/plain 0")]
    public async Task Any_octets_have_some_structure(string message, string expected) =>
        Assert.Equal(expected, string.Join(' ', (await Read(Encoding.ASCII.GetBytes(message), 10)).Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Part} {part.ContentType} {part.Size}"))));

    [Fact]
    public async Task Nothing_is_kept_of_what_is_between_the_headers()
    {
        const long Length = 150_000_000;
        var most = 0L;
        var stream = new Endless(Encoding.ASCII.GetBytes(Mixed.Split("AAAA")[0]), Length, Encoding.ASCII.GetBytes(Mixed.Split("AAAA")[1]));
        var reader = new StructureReader(stream);
        stream.Reading = () => most = Math.Max(most, reader.Kept);
        await reader.ReadMessageAsync(TestContext.Current.CancellationToken);
        var parts = MessageStructure.Of(reader.Structure);
        Assert.Equal(Length, parts[^1].Size);
        Assert.InRange(most, 1, 500);
        Assert.True(reader.Passed > Length);
    }

    [Fact]
    public async Task A_field_without_end_is_not_collected()
    {
        var header = new byte[3_000_000];
        header.AsSpan().Fill((byte)'x');
        "Subject: "u8.CopyTo(header);
        var failure = await Assert.ThrowsAsync<ProblemException>(() => Read(header, 64 << 10));
        Assert.Equal(ErrorCode.AccountProtocol, failure.Code);
    }

    [Fact]
    public async Task Parts_without_end_and_parts_in_parts_are_limited()
    {
        var many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + string.Concat(Enumerable.Repeat("--b\r\n\r\nx\r\n", 5_000)) + "--b--\r\n";
        Assert.Equal(MessageStructure.MaxParts, (await Read(Encoding.ASCII.GetBytes(many), 64 << 10)).Length);
        var deep = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n")) + "\r\nx\r\n";
        Assert.InRange((await Read(Encoding.ASCII.GetBytes(deep), 64 << 10)).Length, 0, 1);
    }

    private static async Task<ImmutableArray<MessagePart>> Read(byte[] message, int size) => MessageStructure.Of(await StructureFetch.ReadAsync(Pieces(message, size), TestContext.Current.CancellationToken));

    private static async IAsyncEnumerable<ReadOnlySequence<byte>> Pieces(byte[] message, int size, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        foreach (var piece in message.Chunk(size))
        {
            await Task.CompletedTask.WaitAsync(cancel);
            yield return new ReadOnlySequence<byte>(piece);
        }
    }

    /// <summary>So many lines of base64 between a beginning and an end.</summary>
    private sealed class Endless(byte[] begin, long length, byte[] end) : Stream
    {
        private long _at;

        public Action? Reading { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Reading?.Invoke();
            var read = 0;
            for (; read < count && _at < begin.Length + length + end.Length; read++, _at++)
            {
                buffer[offset + read] = _at < begin.Length ? begin[_at]
                    : _at < begin.Length + length ? ((_at - begin.Length) % 78) switch { 76 => (byte)'\r', 77 => (byte)'\n', _ => (byte)'A' }
                    : end[_at - begin.Length - length];
            }
            return read;
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
