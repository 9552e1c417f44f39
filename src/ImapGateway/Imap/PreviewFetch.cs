using System.Collections.Immutable;
using ImapGateway.Html;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>
/// Reads the beginning of the text of many messages if the server has no PREVIEW (RFC 8970). One FETCH reads the first octets of the text parts for a whole page. It requests the same sections of
/// all messages, because a FETCH allows nothing else; a section that a message does not have costs a few octets.
/// </summary>
public static class PreviewFetch
{
    /// <summary>The maximum number of messages of one FETCH.</summary>
    private const int Batch = 100;

    /// <summary>The maximum number of sections of one FETCH. Real messages keep their text in two or three different ones.</summary>
    private const int MostSections = 6;

    private const int TextOctets = 2 * 1024;

    /// <summary>The number of octets to read from an HTML part. The head of a newsletter is long.</summary>
    private const int HtmlOctets = 12 * 1024;

    /// <param name="messages">The messages, whose structure is known.</param>
    /// <returns>The messages with a preview, which is empty if the message has no text. Messages whose text the server does not send are missing.</returns>
    public static async Task<IReadOnlyDictionary<uint, MessageHeaders>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyDictionary<uint, MessageHeaders> messages)
    {
        var parts = messages.Select(one => (Uid: one.Key, Part: PartOf(one.Value))).ToList();
        var previews = parts.Where(one => one.Part is null).ToDictionary(one => one.Uid, one => messages[one.Uid] with { Preview = "" });
        foreach (var batch in parts.Where(one => one.Part is not null).Chunk(Batch))
        {
            foreach (var sections in batch.GroupBy(one => one.Part!.Part).Chunk(MostSections))
            {
                await AddAsync(sections);
            }
        }
        return previews;

        async Task AddAsync(IReadOnlyCollection<IGrouping<string, (uint Uid, MessagePart? Part)>> sections)
        {
            var slices = sections.Select(section => new SectionSlice(section.Key, 0, section.Max(one => Octets(one.Part!)))).ToList();
            var asked = sections.SelectMany(section => section).ToList();
            var found = await SectionFetch.RunAsync(session, path, uidValidity, [.. asked.Select(one => one.Uid)], slices);
            foreach (var (uid, part) in asked)
            {
                if (found.TryGetValue((uid, part!.Part), out var octets))
                {
                    previews[uid] = messages[uid] with { Preview = Read(part, octets) };
                }
            }
        }
    }

    /// <summary>Returns the first part that a reader of plain text gets. An encrypted message has none.</summary>
    private static MessagePart? PartOf(MessageHeaders headers) =>
        IsEncrypted(headers.Parts) ? null : First(headers.Parts, static part => part.InText && part.Size > 0) ?? First(headers.Parts, static part => part.InHtml && part.Size > 0);

    private static MessagePart? First(ImmutableArray<MessagePart> parts, Func<MessagePart, bool> suits) =>
        parts.FirstOrDefault(part => part.ContentType.StartsWith("text/", StringComparison.Ordinal) && suits(part));

    /// <summary>True for PGP/MIME (RFC 3156 section 4) and S/MIME (RFC 8551 section 3.2), whose text parts contain no readable text.</summary>
    private static bool IsEncrypted(ImmutableArray<MessagePart> parts) => parts.Any(part => part.ContentType is "application/pgp-encrypted" or "application/pkcs7-mime" or "application/x-pkcs7-mime");

    private static int Octets(MessagePart part)
    {
        var readable = part.ContentType == "text/html" ? HtmlOctets : TextOctets;
        return (int)Math.Min(part.Size, part.Encoding is "base64" or "x-uuencode" ? readable * 3 / 2 : readable);
    }

    /// <summary>Decodes any octets to some text or none. Never fails.</summary>
    public static string Read(MessagePart part, ReadOnlySpan<byte> encoded)
    {
        var text = SectionText.Read(part, encoded);
        return text.Contains("-----BEGIN PGP MESSAGE-----", StringComparison.Ordinal) ? "" : part.ContentType == "text/html" ? PreviewText.OfHtml(text) : PreviewText.Of(text);
    }
}
