using System.Buffers;
using System.IO.Pipelines;

namespace ImapGateway.Imap;

/// <summary>
/// Receives a literal from MailKit and writes it to a pipe. MailKit writes without waiting, so a write only fills the pipe. <see cref="HandOnAsync"/>, which <see cref="ServerStream"/> awaits
/// before its next read, lets a slow reader slow the socket. Takes one section of one message, once: a server may send others in between. The last octets are handed on at the end of the command,
/// when it is certain that there was no other answer.
/// </summary>
public sealed class LiteralStream(PipeWriter pipe) : Stream
{
    /// <summary>The maximum number of octets that are read and discarded to keep the session when the reader has stopped.</summary>
    private const int WorthDraining = 1 << 20;

    /// <summary>The maximum number of octets that are kept back until the server says to which message they belong. Most servers say it first.</summary>
    private const int MostUnproven = 1 << 20;

    private uint _uid;
    private SectionSlice _slice;
    private long _expected;
    private long _received;
    private long _taken;
    private bool _isUnproven;
    private bool _readerGone;

    /// <summary>The number of literals that were the section, or claimed to be.</summary>
    public int Answers { get; private set; }

    /// <summary>True if so much is to come that a new session costs less than reading on without a reader.</summary>
    public bool HasMuchLeft => Interlocked.Read(ref _expected) - Interlocked.Read(ref _received) > WorthDraining;

    /// <summary>Called with the length of every piece that is taken.</summary>
    public Action<long>? Taken { get; set; }

    /// <summary>Sets the section to take.</summary>
    public void Expect(uint uid, SectionSlice slice) => (_uid, _slice) = (uid, slice);

    /// <summary>Begins a literal.</summary>
    /// <param name="uid">The uid of its message; null if the server has not sent it yet.</param>
    /// <returns>False if the literal is to be thrown away.</returns>
    public bool Begin(uint? uid, string section, long offset, int length)
    {
        if ((uid is not null && uid != _uid) || !section.Equals(_slice.Section, StringComparison.OrdinalIgnoreCase) || offset != _slice.Offset || Answers++ > 0)
        {
            return false;
        }
        _isUnproven = uid is null;
        Interlocked.Exchange(ref _expected, _received + length);
        return true;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Interlocked.Add(ref _received, buffer.Length);
        Taken?.Invoke(buffer.Length);
        var taken = buffer[..(int)Math.Min(buffer.Length, _slice.Count - _taken)];
        _taken += taken.Length;
        if (!_readerGone)
        {
            pipe.Write(taken);
        }
    }

    public async ValueTask HandOnAsync()
    {
        if (!_readerGone && _received < _expected && !(_isUnproven && _received < MostUnproven))
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
