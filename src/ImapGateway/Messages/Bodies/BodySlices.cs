using System.Collections.Immutable;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Messages.Bodies;

/// <summary>Computes how many encoded octets of each part must be fetched to show a given length of readable text.</summary>
public static class BodySlices
{
    /// <summary>The largest number of octets of one part, however much of it cleaning removes.</summary>
    private const int MostPerPart = 2 * 1024 * 1024;

    /// <summary>The largest number of parts. Mailing lists add a footer, and senders a few quotations; no client needs more parts than that.</summary>
    private const int MostParts = 50;

    /// <summary>The octets before the first word of a part: HTML heads, byte order marks.</summary>
    private const int Lead = 4 * 1024;

    /// <param name="parts">The parts in the order of the message.</param>
    /// <param name="request">The request; its maximum is that of the result in UTF-8.</param>
    public static ImmutableArray<SectionSlice> Of(IEnumerable<MessagePart> parts, BodyRequest request)
    {
        // The octets that one part can need are enough for many small ones together, in each representation.
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

    /// <summary>Returns the parts that are needed. Text is derived from HTML if there is no text part.</summary>
    public static IEnumerable<MessagePart> Needed(IEnumerable<MessagePart> parts, BodyRequest request)
    {
        var all = parts.ToList();
        var needsHtml = request.Html || !all.Exists(part => part.InText);
        return BodyComposition.Needed(all, request.Text, needsHtml).Take(MostParts);
    }

    /// <summary>Returns the number of octets to fetch. It covers the maximum with the octets that encoding and charset add; cleaning removes most of HTML.</summary>
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
