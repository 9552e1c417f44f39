using System.Buffers;
using System.Runtime.CompilerServices;
using ImapGateway.Accounts;
using ImapGateway.Imap;

namespace ImapGateway.Messages.Sections;

/// <summary>Octets of a section as they arrive from the mail server, transfer encoding removed.</summary>
/// <param name="Offset">In what is left when the encoding is gone.</param>
/// <param name="Count">Null: to the end.</param>
[GenerateSerializer, Immutable]
public sealed record ReadSection(SectionRef Section, long Offset, long? Count) : AccountStream
{
    public override string? Target => Section.ToString();

    public override async IAsyncEnumerable<byte[]> RunAsync(AccountContext account, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (section, _, _) = await Section.LocateAsync(account, cancel);
        if (!section.IsEncoded)
        {
            await foreach (var piece in account.Pool.StreamAsync(section, Offset, Count, cancel))
            {
                yield return piece.ToArray();
            }
            yield break;
        }
        // The server can count only what is encoded: all before the offset is decoded and thrown away.
        var (skip, left) = (Offset, Count ?? long.MaxValue);
        await foreach (var decoded in DecodeAsync(account.Pool.StreamAsync(section, 0, null, cancel), section.Encoding))
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
    public static async IAsyncEnumerable<byte[]> DecodeAsync(IAsyncEnumerable<ReadOnlySequence<byte>> pieces, string encoding)
    {
        var decoder = TransferDecoder.For(encoding);
        await foreach (var piece in pieces)
        {
            if (await Task.Run(() => Decode(piece)) is { Length: > 0 } decoded)
            {
                yield return decoded;
            }
        }
        var rest = new ArrayBufferWriter<byte>();
        decoder.Flush(rest);
        if (rest.WrittenCount > 0)
        {
            yield return rest.WrittenSpan.ToArray();
        }

        byte[] Decode(ReadOnlySequence<byte> piece)
        {
            var decoded = new ArrayBufferWriter<byte>((int)piece.Length);
            foreach (var segment in piece)
            {
                decoder.Decode(segment.Span, decoded);
            }
            return decoded.WrittenSpan.ToArray();
        }
    }
}
