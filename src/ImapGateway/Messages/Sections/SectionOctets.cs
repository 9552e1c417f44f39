using System.Buffers;
using System.Runtime.CompilerServices;
using ImapGateway.Accounts;
using ImapGateway.Imap;

namespace ImapGateway.Messages.Sections;

/// <summary>Octets of a section without its transfer encoding: from the disk where it was read before, else from the mail server, and onto the disk on their way.</summary>
public static class SectionOctets
{
    /// <param name="offset">In what is left when the encoding is gone.</param>
    /// <param name="count">Null: to the end.</param>
    /// <returns>Arrays that are never used again.</returns>
    public static async IAsyncEnumerable<byte[]> ReadAsync(AccountContext account, LocatedSection located, long offset, long? count, [EnumeratorCancellation] CancellationToken cancel)
    {
        using (var stored = await account.Stored.FindAsync(located.Message, located.Section.Name))
        {
            if (stored is not null)
            {
                await foreach (var piece in stored.ReadAsync(offset, count))
                {
                    offset += piece.Length;
                    count -= piece.Length;
                    yield return piece;
                }
                if (!stored.IsDamaged)
                {
                    yield break;
                }
            }
        }
        // Where the file was damaged in its middle the server has the rest.
        await foreach (var piece in FetchAsync(account, located, offset, count, cancel))
        {
            yield return piece;
        }
    }

    private static async IAsyncEnumerable<byte[]> FetchAsync(AccountContext account, LocatedSection located, long offset, long? count, [EnumeratorCancellation] CancellationToken cancel)
    {
        var section = located.Section;
        if (!section.IsEncoded && (offset > 0 || count is not null))
        {
            await foreach (var piece in account.Pool.StreamAsync(section, offset, count, cancel))
            {
                yield return piece.ToArray();
            }
            yield break;
        }
        // The server can count only what is encoded: all before the offset is decoded and thrown away.
        var (skip, left) = (offset, count ?? long.MaxValue);
        var pieces = DecodeAsync(account.Pool.StreamAsync(section, 0, null, cancel), section.Encoding);
        await foreach (var decoded in account.Stored.KeepAsync(located.Message, located.Headers, section.Name, section.Size, pieces))
        {
            var start = (int)Math.Min(skip, decoded.Length);
            var length = (int)Math.Min(left, decoded.Length - start);
            skip -= start;
            left -= length;
            if (length > 0)
            {
                yield return length == decoded.Length ? decoded : decoded.AsSpan(start, length).ToArray();
            }
            if (left == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>Away from the account's actor, whose other requests must not wait for it.</summary>
    private static async IAsyncEnumerable<byte[]> DecodeAsync(IAsyncEnumerable<ReadOnlySequence<byte>> pieces, string encoding)
    {
        var decoder = TransferDecoder.For(encoding);
        var decoded = new ArrayBufferWriter<byte>();
        await foreach (var piece in pieces)
        {
            if (await Task.Run(() => Decode(piece)) is { Length: > 0 } octets)
            {
                yield return octets;
            }
        }
        decoded.ResetWrittenCount();
        decoder.Flush(decoded);
        if (decoded.WrittenCount > 0)
        {
            yield return decoded.WrittenSpan.ToArray();
        }

        byte[] Decode(ReadOnlySequence<byte> piece)
        {
            decoded.ResetWrittenCount();
            foreach (var segment in piece)
            {
                decoder.Decode(segment.Span, decoded);
            }
            return decoded.WrittenSpan.ToArray();
        }
    }
}
