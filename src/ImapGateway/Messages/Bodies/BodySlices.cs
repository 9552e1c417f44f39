using System.Collections.Immutable;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Messages.Bodies;

/// <summary>How much of the encoded parts of a message must be fetched for so much of readable text.</summary>
public static class BodySlices
{
    /// <summary>One part, however much of it is thrown away by cleaning.</summary>
    private const int MostPerPart = 2 * 1024 * 1024;

    /// <summary>Lists put a footer, people a few quotations; no reader wants more parts than that.</summary>
    private const int MostParts = 50;

    /// <summary>Room for what stands before the first word: HTML heads, byte order marks.</summary>
    private const int Lead = 4 * 1024;

    /// <param name="parts">In the order of the message.</param>
    /// <param name="request">Its maximum is that of the result in UTF-8.</param>
    public static ImmutableArray<SectionSlice> Of(IEnumerable<MessagePart> parts, BodyRequest request)
    {
        // What one part could need is enough for many small ones together, in each representation.
        var left = 2L * Math.Min(MostPerPart, Lead + 16L * request.MaxBytes);
        var slices = ImmutableArray.CreateBuilder<SectionSlice>();
        foreach (var part in Needed(parts, request))
        {
            var count = (int)Math.Min(left, Octets(part, request.MaxBytes));
            left -= Math.Min(count, part.Size);
            slices.Add(new SectionSlice(part.Part, 0, Math.Max(count, 1)));
        }
        return slices.ToImmutable();
    }

    /// <summary>Text is derived from HTML where there is no text part.</summary>
    public static IEnumerable<MessagePart> Needed(IEnumerable<MessagePart> parts, BodyRequest request)
    {
        var all = parts.ToList();
        var needsHtml = request.Html || !all.Exists(part => part.InText);
        return BodyComposition.Needed(all, request.Text, needsHtml).Take(MostParts);
    }

    /// <summary>At least what the maximum can need, with the octets that encoding and charset add; HTML loses most of itself.</summary>
    private static int Octets(MessagePart part, int maxBytes)
    {
        var encoded = part.Encoding switch
        {
            "base64" or "x-uuencode" => 1.4,
            "quoted-printable" => 3.2,
            _ => 1.0,
        };
        var wide = part.Charset?.StartsWith("utf-16", StringComparison.OrdinalIgnoreCase) == true || part.Charset?.StartsWith("utf-32", StringComparison.OrdinalIgnoreCase) == true ? 4 : 1;
        var markup = part.ContentType == "text/html" ? 4 : 1;
        return (int)Math.Min(MostPerPart, Lead + maxBytes * encoded * wide * markup);
    }
}
