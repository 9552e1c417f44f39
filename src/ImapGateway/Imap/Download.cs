using System.Buffers;
using System.IO.Pipelines;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>
/// A section on its way from the server to one reader, through a pipe that holds little: a slow reader slows the server. When the reader goes, the session is
/// drained if little is left, else closed.
/// </summary>
public sealed class Download : IAsyncDisposable
{
    private const int MostAtOnce = 64 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024, minimumSegmentSize: 16 * 1024, useSynchronizationContext: false));
    private readonly CancellationTokenSource _readerGone = new();
    private readonly LiteralStream _sink;
    private ReadOnlySequence<byte> _handed;

    /// <param name="session">Leased; it is given back by <paramref name="release"/>, sooner or later.</param>
    /// <param name="limit">For what comes before the section; that may take as long as it moves.</param>
    /// <param name="count">Octets wanted; null: to the end.</param>
    public Download(ImapSession session, TimeSpan limit, Section section, long offset, long? count, Func<Task> release)
    {
        _sink = new LiteralStream(_pipe.Writer);
        // It reports through the pipe, and outlives a reader that goes.
        _ = RunAsync(session, limit, section, offset, count, release);
    }

    /// <summary>What has come, 64 KB at most, once something has; valid until the next call. Empty at the end.</summary>
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
            if (_sink.Length == 0 && offset == 0 && section.Size > 0)
            {
                failure = await NothingAsync(session, limit, section);
            }

            Task StreamAsync(string name)
            {
                // MailKit's own ranges end at 2 GB.
                var command = offset == 0 && count is null ? null : new SectionCommand([section.Uid], [new SectionSlice(name, offset, Math.Min(count ?? uint.MaxValue, uint.MaxValue))]);
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

    /// <summary>What it means that no octet came: the message has gone, and the server says so, or the server does not give what it has.</summary>
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

    /// <summary>The server may be silent just now, and the session wait for it.</summary>
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
