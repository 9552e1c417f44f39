using System.Buffers;
using System.IO.Pipelines;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>
/// Transfers a section from the server to one reader through a pipe with a small buffer, so that a slow reader slows the server. If the reader stops, the session is drained if little is left,
/// otherwise closed.
/// </summary>
public sealed class Download : IAsyncDisposable
{
    private const int MostAtOnce = 64 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024, minimumSegmentSize: 16 * 1024, useSynchronizationContext: false));
    private readonly CancellationTokenSource _readerGone = new();
    private readonly LiteralStream _sink;
    private ReadOnlySequence<byte> _handed;

    /// <param name="session">A leased session. The download returns it with <paramref name="release"/>, sooner or later.</param>
    /// <param name="limit">The time limit for everything before the section. The section itself may take any time as long as data arrive.</param>
    /// <param name="count">The requested number of octets; null reads to the end.</param>
    public Download(ImapSession session, TimeSpan limit, Section section, long offset, long? count, Func<Task> release)
    {
        _sink = new LiteralStream(_pipe.Writer);
        // The task reports through the pipe, and outlives a reader that stops.
        _ = RunAsync(session, limit, section, offset, count, release);
    }

    /// <summary>Waits for octets and returns those that have arrived, 64 KB at most, valid until the next call. Empty at the end.</summary>
    public async Task<ReadOnlySequence<byte>> ReadAsync(CancellationToken cancel)
    {
        if (!_handed.IsEmpty)
        {
            _pipe.Reader.AdvanceTo(_handed.End);
        }
        var read = await _pipe.Reader.ReadAsync(cancel);
        _handed = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, MostAtOnce));
        if (_handed.IsEmpty)
        {
            _pipe.Reader.AdvanceTo(read.Buffer.End);
        }
        return _handed;
    }

    private async Task RunAsync(ImapSession session, TimeSpan limit, Section section, long offset, long? count, Func<Task> release)
    {
        Exception? failure = null;
        var before = session.Commands;
        try
        {
            using var leaving = _readerGone.Token.UnsafeRegister(_ => Leave(session), null);
            ImapFolder folder;
            using (session.Begin(limit))
            {
                folder = await session.SelectAsync(section.Mailbox, uidValidity: section.UidValidity, highestUid: section.Uid);
            }
            try
            {
                await StreamAsync(section.Name);
            }
            catch (ImapCommandException) when (_sink.Length == 0)
            {
                using (session.Begin(limit))
                {
                    if (!await SectionFetch.IsTextAsync(session, section))
                    {
                        throw;
                    }
                }
                await StreamAsync(SectionFetch.Text);
            }
            if (_sink.Answers == 0 || (_sink.Length == 0 && offset == 0 && section.Size != 0))
            {
                failure = await NothingAsync(session, limit, section);
            }
            else if (_sink.Answers > 1)
            {
                failure = new ProblemException(ErrorCode.AccountProtocol, "The mail server sends the same part of the message twice.");
            }

            Task StreamAsync(string name)
            {
                // MailKit's own ranges end at 2 GB.
                var slice = new SectionSlice(name, offset, Math.Min(count ?? uint.MaxValue, uint.MaxValue));
                var command = offset == 0 && count is null ? null : new SectionCommand([section.Uid], [slice]);
                _sink.Expect(section.Uid, slice);
                return session.StreamAsync(_sink, () => session.SendInsteadAsync(command, () => folder.GetStreamAsync(new UniqueId(folder.UidValidity, section.Uid), name)));
            }
        }
        catch (MessageNotFoundException)
        {
            failure = await NothingAsync(session, limit, section);
        }
        catch (Exception e)
        {
            failure = session.Explain(e);
        }
        finally
        {
            CommandCount.Add(session.Commands - before);
            try
            {
                await _pipe.Writer.CompleteAsync(failure);
            }
            finally
            {
                await release();
            }
        }
    }

    /// <summary>Explains why no octet came: either the message no longer exists, as the server confirms, or the server does not send what it has.</summary>
    private static async Task<Exception> NothingAsync(ImapSession session, TimeSpan limit, Section section)
    {
        try
        {
            using (session.Begin(limit))
            {
                return await NothingAsync(session, section);
            }
        }
        catch (Exception e)
        {
            return session.Explain(e);
        }
    }

    /// <inheritdoc cref="NothingAsync(ImapSession, TimeSpan, Section)"/>
    public static async Task<ProblemException> NothingAsync(ImapSession session, Section section) =>
        await FetchIsolation.ThereAsync(session, section.Mailbox, section.UidValidity, [section.Uid]) is []
            ? new ProblemException(Problem.MessageGone)
            : new ProblemException(ErrorCode.AccountProtocol, "The mail server has the message, but sends nothing of it.");

    /// <summary>Ends the session if much is left when the reader stops. The server may be silent just now, and the session may be waiting for it.</summary>
    private void Leave(ImapSession session)
    {
        if (_sink.HasMuchLeft)
        {
            session.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _pipe.Reader.CompleteAsync();
        await _readerGone.CancelAsync();
        _readerGone.Dispose();
    }
}
