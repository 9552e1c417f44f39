using System.Buffers;
using System.Runtime.CompilerServices;
using ImapGateway.Accounts;
using ImapGateway.Imap;

namespace ImapGateway.Messages.Sections;

/// <summary>Reads the octets of a section without its transfer encoding, from disk if it was read before, else from the mail server; then they are written to disk on their way.</summary>
public static class SectionOctets
{
    /// <param name="offset">The offset in the decoded octets.</param>
    /// <param name="count">The number of octets; null: to the end.</param>
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
        // If the file is damaged in the middle, the rest comes from the server.
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
        // The server can count only encoded octets: everything before the offset is decoded and thrown away.
        var (skip, left) = (offset, count ?? long.MaxValue);
        var pieces = DecodeAsync(account.Pool.StreamAsync(section, 0, null, cancel), section.Encoding);
        await foreach (var decoded in account.Stored.KeepAsync(located.Message, located.Headers, section.Name, section.Size ?? 0, pieces))
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

    /// <summary>Decodes outside of the account's grain, whose other requests must not wait for it.</summary>
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
