using System.Buffers;
using System.Runtime.CompilerServices;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>Streams sections of messages from the sessions of a pool.</summary>
public static class Downloads
{
    /// <summary>The largest range that a download fetches at once if the account has only one session.</summary>
    private const int SmallPiece = 256 * 1024;

    /// <summary>The largest range otherwise. MailKit counts a literal in 31 bits.</summary>
    private const int LargePiece = 1 << 30;

    /// <summary>
    /// Streams a section of a message in pieces as they arrive, in constant memory and without marking the message as read. A piece has 64 KB at most and is valid until the next one is requested.
    /// Never keeps the account's last worker: if there is only one, the section is fetched in ranges, and the session is released before the reader receives them.
    /// </summary>
    /// <param name="count">The requested number of octets; null reads to the end.</param>
    /// <exception cref="ProblemException">The status is 410 if the message no longer exists; see <see cref="UnavailableMessage"/>.</exception>
    public static async IAsyncEnumerable<ReadOnlySequence<byte>> StreamAsync(
        this ImapPool pool, Section section, long offset, long? count, [EnumeratorCancellation] CancellationToken cancel)
    {
        // Octets that a server may have made up are kept back until more of them have come, or all.
        ArrayBufferWriter<byte>? held = new();
        await foreach (var piece in PiecesAsync(pool, section, offset, count, cancel))
        {
            if (held is null)
            {
                yield return piece;
                continue;
            }
            foreach (var octets in piece)
            {
                held.Write(octets.Span);
            }
            if (!UnavailableMessage.MayHave(section.Name, offset, held.WrittenSpan))
            {
                yield return new ReadOnlySequence<byte>(held.WrittenMemory);
                held = null;
            }
        }
        if (held is { WrittenCount: > 0 })
        {
            if (await pool.RunAsync(section.Mailbox, repeatable: true, session => FetchIsolation.ThereAsync(session, section.Mailbox, section.UidValidity, [section.Uid]), cancel) is [])
            {
                throw new ProblemException(Problem.MessageGone);
            }
            yield return new ReadOnlySequence<byte>(held.WrittenMemory);
        }
    }

    private static async IAsyncEnumerable<ReadOnlySequence<byte>> PiecesAsync(
        ImapPool pool, Section section, long offset, long? count, [EnumeratorCancellation] CancellationToken cancel)
    {
        while (count is not 0)
        {
            var isAlone = pool.Limit == 1;
            var piece = isAlone ? SmallPiece : section.Size - offset <= LargePiece ? (long?)null : LargePiece;
            var asked = count < piece || piece is null ? count : piece;
            long received = 0;
            await foreach (var bytes in isAlone ? StreamSliceAsync(pool, section, offset, (int)asked!, cancel) : StreamPieceAsync(pool, section, offset, asked, cancel))
            {
                received += bytes.Length;
                yield return bytes;
            }
            if (received < asked || asked is null)
            {
                yield break;
            }
            offset += received;
            count -= received;
        }
    }

    private static async IAsyncEnumerable<ReadOnlySequence<byte>> StreamSliceAsync(
        ImapPool pool, Section section, long offset, int count, [EnumeratorCancellation] CancellationToken cancel)
    {
        var slice = new SectionSlice(section.Name, offset, count);
        yield return new ReadOnlySequence<byte>(await pool.RunAsync(
            section.Mailbox,
            repeatable: true,
            async session =>
            {
                var found = await SectionFetch.RunAsync(session, section.Mailbox, section.UidValidity, [section.Uid], [slice]);
                return found.GetValueOrDefault((section.Uid, slice.Key)) is { } octets && (octets.Length > 0 || offset > 0 || section.Size == 0) ? octets : throw await Download.NothingAsync(session, section);
            },
            cancel));
    }

    private static async IAsyncEnumerable<ReadOnlySequence<byte>> StreamPieceAsync(
        ImapPool pool, Section section, long offset, long? count, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (download, piece) = await StartDownloadAsync(pool, section, offset, count, cancel);
        await using (download)
        {
            for (; !piece.IsEmpty; piece = await download.ReadAsync(cancel))
            {
                yield return piece;
            }
        }
    }

    /// <summary>Starts a download and waits for its first piece. A connection that proves to be broken before that is replaced once.</summary>
    private static async Task<(Download Download, ReadOnlySequence<byte> First)> StartDownloadAsync(
        ImapPool pool, Section section, long offset, long? count, CancellationToken cancel)
    {
        for (var repeated = false; ; repeated = true)
        {
            var session = await pool.LeaseForStreamAsync(section.Mailbox, cancel);
            var download = new Download(session, pool.JobTime, section, offset, count, () => pool.ReleaseStreamAsync(session));
            try
            {
                return (download, await download.ReadAsync(cancel));
            }
            catch (Exception e)
            {
                await download.DisposeAsync();
                if (repeated || e is not ProblemException { Code: ErrorCode.AccountUnavailable } || session.IsUsable)
                {
                    throw;
                }
            }
        }
    }
}
