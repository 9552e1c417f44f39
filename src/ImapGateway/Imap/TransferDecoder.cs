using System.Buffers;
using MimeKit.Encodings;

namespace ImapGateway.Imap;

/// <summary>
/// Removes a Content-Transfer-Encoding (RFC 2045 section 6) while the octets come, however they are cut into chunks. Garbage is passed over or passed on, never
/// an error. One per part; not for two threads.
/// </summary>
public sealed class TransferDecoder
{
    private const int Piece = 16 * 1024;

    private readonly IMimeDecoder? _decoder;

    private TransferDecoder(IMimeDecoder? decoder) => _decoder = decoder;

    /// <summary>False where the octets are passed on as they are, so that lengths and ranges of the encoded part hold for the decoded one.</summary>
    public bool ChangesLength => _decoder is not null;

    /// <param name="encoding">As in <see cref="Mail.MessagePart.Encoding"/>; what is not known is passed on as it is.</param>
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
        var input = ArrayPool<byte>.Shared.Rent(Piece);
        var decoded = ArrayPool<byte>.Shared.Rent(_decoder.EstimateOutputLength(Piece));
        try
        {
            while (!encoded.IsEmpty)
            {
                var length = Math.Min(encoded.Length, Piece);
                encoded[..length].CopyTo(input);
                encoded = encoded[length..];
                output.Write(decoded.AsSpan(0, _decoder.Decode(input, 0, length, decoded)));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
            ArrayPool<byte>.Shared.Return(decoded);
        }
    }

    /// <summary>To be called once, after the last octet: base64 that ends without its padding still holds up to two octets.</summary>
    public void Flush(IBufferWriter<byte> output)
    {
        if (_decoder is Base64Decoder)
        {
            Decode("=="u8, output);
        }
    }
}
