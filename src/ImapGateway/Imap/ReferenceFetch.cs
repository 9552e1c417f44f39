using System.Collections.Immutable;
using System.Text;
using ImapGateway.Html;
using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>
/// Finds the pictures that the HTML of a message shows, so that all others are files: phones put photos into a multipart/related whose HTML does not name them. Only the HTML of messages with such
/// parts is read, and only its beginning.
/// </summary>
public static class ReferenceFetch
{
    /// <summary>The maximum number of encoded octets of the HTML of a message. If the HTML is longer, a part that its beginning does not name is judged by the structure alone.</summary>
    private const int MostOctets = 64 * 1024;

    /// <summary>The maximum number of messages of one FETCH. Its answer is in memory until it ends.</summary>
    private const int Batch = 25;

    /// <summary>True if the purpose of some parts depends on the HTML.</summary>
    public static bool IsNeeded(MessageHeaders headers) => headers.Parts.Any(IsOpen);

    /// <param name="messages">The messages with the roles that the structure gives.</param>
    /// <returns>The messages with the roles that the HTML gives.</returns>
    public static async Task<IReadOnlyDictionary<uint, MessageHeaders>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyDictionary<uint, MessageHeaders> messages)
    {
        var judged = messages.ToDictionary();
        var wanted = new List<(uint Uid, ImmutableArray<SectionSlice> Html)>();
        foreach (var (uid, headers) in messages.Where(message => message.Value.Parts.Any(IsOpen)))
        {
            var html = SlicesOf(headers.Parts);
            if (html.IsEmpty)
            {
                judged[uid] = headers with { Parts = Judge(headers.Parts, "", isWhole: true) };
            }
            else
            {
                wanted.Add((uid, html));
            }
        }
        foreach (var alike in wanted.GroupBy(one => string.Join(' ', one.Html.Select(slice => slice.Section))).SelectMany(group => group.Chunk(Batch)))
        {
            try
            {
                var found = await SectionFetch.RunAsync(session, path, uidValidity, [.. alike.Select(one => one.Uid)], Largest(alike.Select(one => one.Html)));
                foreach (var (uid, html) in alike.Where(one => one.Html.All(slice => found.ContainsKey((one.Uid, slice.Key)))))
                {
                    judged[uid] = messages[uid] with { Parts = Judge(messages[uid].Parts, html, slice => found[(uid, slice.Key)]) };
                }
            }
            catch (ImapCommandException)
            {
                // The server cannot read the HTML. The structure decides.
            }
        }
        return judged;
    }

    private static bool IsOpen(MessagePart part) => !part.IsBody && PartRole.CanBeShown(part);

    private static ImmutableArray<SectionSlice> SlicesOf(ImmutableArray<MessagePart> parts)
    {
        var left = (long)MostOctets;
        var slices = ImmutableArray.CreateBuilder<SectionSlice>();
        foreach (var part in parts.Where(part => part.InHtml && part.ContentType == "text/html" && part.Size > 0))
        {
            if (left <= 0)
            {
                break;
            }
            slices.Add(new SectionSlice(part.Part, 0, Math.Min(left, part.Size)));
            left -= part.Size;
        }
        return slices.ToImmutable();
    }

    private static List<SectionSlice> Largest(IEnumerable<ImmutableArray<SectionSlice>> alike) =>
        [.. alike.SelectMany(slices => slices).GroupBy(slice => slice.Section).Select(same => same.MaxBy(slice => slice.Count))];

    private static ImmutableArray<MessagePart> Judge(ImmutableArray<MessagePart> parts, ImmutableArray<SectionSlice> html, Func<SectionSlice, byte[]> octets)
    {
        var text = new StringBuilder();
        foreach (var slice in html)
        {
            text.AppendLine(SectionText.Read(parts.First(part => part.Part == slice.Section), octets(slice)));
        }
        return Judge(parts, text.ToString(), isWhole: parts.Where(part => part.InHtml && part.ContentType == "text/html").Sum(part => part.Size) <= MostOctets);
    }

    /// <param name="html">All HTML of the message, or its beginning.</param>
    private static ImmutableArray<MessagePart> Judge(ImmutableArray<MessagePart> parts, string html, bool isWhole)
    {
        var references = PartReferences.In(html);
        return [.. parts.Select(part => !IsOpen(part) ? part : part with { IsInline = references.Include(part) || (!isWhole && part.IsInline) })];
    }
}
