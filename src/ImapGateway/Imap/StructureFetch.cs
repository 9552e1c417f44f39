using System.Buffers;
using ImapGateway.Mail;
using MailKit;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>Reads the structure of a message from the message itself, if the mail server does not describe it or describes it wrongly.</summary>
public static class StructureFetch
{
    /// <summary>The maximum number of octets of a message. The structure of a longer message is that of its beginning.</summary>
    private const long MostOctets = 512L << 20;

    /// <summary>The maximum number of octets of one header field, which is in memory until it ends.</summary>
    private const long MostInField = 1 << 20;

    /// <param name="size">The size that the server reports, or null.</param>
    /// <exception cref="ProblemException">The server does not send the message, or not in time.</exception>
    public static async Task<BodyPart> RunAsync(ImapPool pool, string path, uint uidValidity, uint uid, long? size, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(pool.JobTime, pool.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        var section = new Section(path, uidValidity, uid, "", "7bit", size);
        try
        {
            return await ReadAsync(pool.StreamAsync(section, 0, null, either.Token), either.Token);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new ProblemException(new Problem(ErrorCode.AccountTimeout, "The mail server did not send the message in time.", RetryAfter: TimeSpan.FromSeconds(5)), e);
        }
    }

    /// <param name="pieces">The pieces of the message.</param>
    /// <exception cref="ProblemException">The message has a header field of more than a megabyte.</exception>
    public static async Task<BodyPart> ReadAsync(IAsyncEnumerable<ReadOnlySequence<byte>> pieces, CancellationToken cancel)
    {
        await using var octets = new Octets(pieces.GetAsyncEnumerator(cancel));
        var reader = new StructureReader(octets);
        octets.Reader = reader;
        try
        {
            await reader.ReadMessageAsync(cancel);
        }
        catch (FormatException)
        {
            // There is no header.
        }
        return reader.Structure ?? new BodyPartText(new ContentType("text", "plain"), "");
    }

    /// <summary>The message as a stream, up to a limit.</summary>
    private sealed class Octets(IAsyncEnumerator<ReadOnlySequence<byte>> pieces) : SequentialStream
    {
        private ReadOnlySequence<byte> _piece;
        private long _read;
        private bool _isAtEnd;

        public StructureReader? Reader { get; set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (_piece.IsEmpty && !_isAtEnd)
            {
                _isAtEnd = _read >= MostOctets || !await pieces.MoveNextAsync();
                _piece = _isAtEnd ? default : pieces.Current;
            }
            var length = (int)Math.Min(buffer.Length, _piece.Length);
            _piece.Slice(0, length).CopyTo(buffer.Span);
            _piece = _piece.Slice(length);
            _read += length;
            return _read - Reader?.Passed <= MostInField ? length : throw new ProblemException(ErrorCode.AccountProtocol, "The message has a header field of more than a megabyte.");
        }

        public override async ValueTask DisposeAsync()
        {
            await pieces.DisposeAsync();
            await base.DisposeAsync();
        }

        public override bool CanRead => true;

        public override bool CanWrite => false;

        public override void Flush() => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
