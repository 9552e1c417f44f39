using System.Buffers;
using MimeKit.Encodings;

namespace ImapGateway.Imap;

/// <summary>
/// Removes a Content-Transfer-Encoding (RFC 2045 section 6) while the octets arrive, however they are cut into chunks. Invalid data are skipped or passed on, and never an error. Each part has its
/// own instance, which is not thread-safe.
/// </summary>
public sealed class TransferDecoder
{
    private const int Piece = 16 * 1024;

    /// <summary>The maximum number of blanks that are kept until their meaning is known; a longer run is text.</summary>
    private const int MaxBlanks = 200;

    private readonly IMimeDecoder? _decoder;

    /// <summary>True if a line end is kept back. MimeKit's uudecoder forgets a line end that is the last octet of a call: it is passed on together with the next octet.</summary>
    private bool _lineEnded;

    /// <summary>An equals sign and the blanks behind it, which may or may not end a line.</summary>
    private readonly List<byte> _softBreak = [];

    private TransferDecoder(IMimeDecoder? decoder) => _decoder = decoder;

    /// <summary>False if the octets are passed on unchanged, so that lengths and ranges of the encoded part are valid for the decoded one.</summary>
    public bool ChangesLength => _decoder is not null;

    /// <param name="encoding">The encoding as in <see cref="Mail.MessagePart.Encoding"/>. Octets with an unknown encoding are passed on unchanged.</param>
    public static TransferDecoder For(string encoding) => new(encoding switch
    {
        "base64" => new Base64Decoder(),
        "quoted-printable" => new QuotedPrintableDecoder(),
        "x-uuencode" => new UUDecoder(),
        _ => null,
    });

    public void Decode(ReadOnlySpan<byte> encoded, IBufferWriter<byte> output)
    {
        if (_decoder is null)
        {
            output.Write(encoded);
            return;
        }
        var input = ArrayPool<byte>.Shared.Rent(Piece + MaxBlanks + 1);
        try
        {
            while (!encoded.IsEmpty)
            {
                var length = Math.Min(encoded.Length, Piece);
                var taken = _decoder switch
                {
                    UUDecoder => TakeLines(encoded[..length], input),
                    QuotedPrintableDecoder => TakeSoftBreaks(encoded[..length], input),
                    _ => Take(encoded[..length], input),
                };
                encoded = encoded[length..];
                DecodePiece(_decoder, input, taken, output);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    private static void DecodePiece(IMimeDecoder decoder, byte[] input, int length, IBufferWriter<byte> output)
    {
        // The required room depends on what the decoder has kept of the previous piece.
        var decoded = ArrayPool<byte>.Shared.Rent(decoder.EstimateOutputLength(length));
        try
        {
            output.Write(decoded.AsSpan(0, decoder.Decode(input, 0, length, decoded)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(decoded);
        }
    }

    private static int Take(ReadOnlySpan<byte> encoded, byte[] input)
    {
        encoded.CopyTo(input);
        return encoded.Length;
    }

    /// <summary>Copies the octets without carriage returns and empty lines, which have no meaning, and without a line end as the last octet.</summary>
    private int TakeLines(ReadOnlySpan<byte> encoded, byte[] input)
    {
        var length = 0;
        foreach (var octet in encoded)
        {
            if (octet is (byte)'\r' or (byte)'\n')
            {
                _lineEnded |= octet == (byte)'\n';
                continue;
            }
            if (_lineEnded)
            {
                input[length++] = (byte)'\n';
                _lineEnded = false;
            }
            input[length++] = octet;
        }
        return length;
    }

    /// <summary>
    /// Copies the octets without blanks between an equals sign and the end of the line, which some relays add (RFC 2045 section 6.7, rule 3). MimeKit's decoder takes such an equals sign for text.
    /// </summary>
    private int TakeSoftBreaks(ReadOnlySpan<byte> encoded, byte[] input)
    {
        var length = 0;
        foreach (var octet in encoded)
        {
            if (_softBreak.Count is > 0 and < MaxBlanks && octet is (byte)' ' or (byte)'\t')
            {
                _softBreak.Add(octet);
                continue;
            }
            if (_softBreak.Count > 0)
            {
                var held = octet is (byte)'\r' or (byte)'\n' ? 1 : _softBreak.Count;
                _softBreak.CopyTo(0, input, length, held);
                length += held;
                _softBreak.Clear();
            }
            if (octet == (byte)'=')
            {
                _softBreak.Add(octet);
            }
            else
            {
                input[length++] = octet;
            }
        }
        return length;
    }

    /// <summary>Writes the rest; to be called once, after the last octet. Base64 that ends without its padding still has up to two octets.</summary>
    public void Flush(IBufferWriter<byte> output)
    {
        if (_decoder is Base64Decoder)
        {
            Decode("=="u8, output);
        }
    }
}
