using System.Buffers;
using System.IO.Pipelines;

namespace ImapGateway.Imap;

/// <summary>
/// Receives a literal from MailKit and writes it to a pipe. MailKit writes without waiting, so a write only fills the pipe. <see cref="HandOnAsync"/>, which <see cref="ServerStream"/> awaits
/// before its next read, lets a slow reader slow the socket.
/// </summary>
public sealed class LiteralStream(PipeWriter pipe) : Stream
{
    /// <summary>The maximum number of octets that are read and discarded to keep the session when the reader has stopped.</summary>
    private const int WorthDraining = 1 << 20;

    private long _expected;
    private long _received;
    private bool _readerGone;

    /// <summary>True if so much is to come that a new session costs less than reading on without a reader.</summary>
    public bool HasMuchLeft => Interlocked.Read(ref _expected) - Interlocked.Read(ref _received) > WorthDraining;

    /// <summary>Called with the length of every piece that is taken.</summary>
    public Action<long>? Taken { get; set; }

    public void Begin(int length) => Interlocked.Exchange(ref _expected, _received + length);

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Interlocked.Add(ref _received, buffer.Length);
        Taken?.Invoke(buffer.Length);
        if (!_readerGone)
        {
            pipe.Write(buffer);
        }
    }

    public async ValueTask HandOnAsync()
    {
        if (!_readerGone)
        {
            _readerGone = (await pipe.FlushAsync()).IsCompleted;
        }
        if (_readerGone && HasMuchLeft)
        {
            throw new IOException("The reader of the stream has gone.");
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override bool CanRead => false;

    public override bool CanWrite => true;

    public override bool CanSeek => true;

    public override long Length => _received;

    /// <summary>The position. MailKit rewinds the stream because it takes it for a memory stream.</summary>
    public override long Position { get; set; }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
