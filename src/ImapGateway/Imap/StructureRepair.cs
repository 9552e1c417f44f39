using System.Text;
using MailKit;
using MailKit.Net.Imap;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>
/// Corrects the BODYSTRUCTURE of parts whose header the mail server could not read: it reports an encoding with a semicolon, quotation marks or a comment as 7bit, a disposition that is an encoded
/// word as an attachment, and a multipart whose boundary never comes as one empty part. Sends nothing if no part looks like that.
/// </summary>
public static class StructureRepair
{
    private const string Fields = "HEADER.FIELDS (CONTENT-TRANSFER-ENCODING CONTENT-DISPOSITION)";
    private const string Text = "TEXT";

    /// <summary>The maximum number of sections of one FETCH.</summary>
    private const int Batch = 6;

    /// <summary>The maximum number of sections of all messages. The sections beyond it stay as the server describes them.</summary>
    private const int MostSections = 24;

    private const int HeaderOctets = 8 * 1024;

    /// <summary>The number of octets to search for a boundary. Without one in them, a multipart has none.</summary>
    private const int TextOctets = 16 * 1024;

    /// <summary>A slice of a message that is to be read because of a doubt.</summary>
    private readonly record struct Doubt(MessageSummary Message, BodyPart Part, SectionSlice Slice);

    /// <param name="summaries">The summaries with their structures, which are changed.</param>
    public static async Task RunAsync(ImapSession session, string path, uint uidValidity, IEnumerable<IMessageSummary> summaries)
    {
        var doubts = summaries.OfType<MessageSummary>().SelectMany(DoubtsOf).GroupBy(doubt => doubt.Slice).Take(MostSections).ToList();
        // A FETCH requests every section of all its messages: texts, which are larger, have a FETCH of their own.
        foreach (var sections in doubts.GroupBy(doubt => doubt.Key.Section == Text).SelectMany(kind => kind.Chunk(Batch)))
        {
            try
            {
                var uids = sections.SelectMany(section => section).Select(doubt => doubt.Message.UniqueId.Id).Distinct().ToList();
                var found = await SectionFetch.RunAsync(session, path, uidValidity, uids, [.. sections.Select(section => section.Key)]);
                foreach (var doubt in sections.SelectMany(section => section))
                {
                    if (found.TryGetValue((doubt.Message.UniqueId.Id, doubt.Slice.Key), out var octets))
                    {
                        Repair(doubt, octets);
                    }
                }
            }
            catch (ImapCommandException)
            {
                // The server cannot read the part. Its description of the structure stays valid.
            }
        }
    }

    private static IEnumerable<Doubt> DoubtsOf(MessageSummary message)
    {
        if (message.Body is not { } root)
        {
            return [];
        }
        var leaves = Leaves(root).Take(MessageStructure.MaxParts).ToList();
        if (IsMultipart(root) && leaves.TrueForAll(leaf => leaf.Octets == 0 || leaf == root))
        {
            return [new Doubt(message, root, new SectionSlice(Text, 0, TextOctets))];
        }
        return leaves.Where(IsDoubtful).Select(leaf => new Doubt(message, leaf, new SectionSlice(leaf == root ? Fields : leaf.PartSpecifier + ".MIME", 0, HeaderOctets)));
    }

    /// <summary>True for a multipart. Servers report a multipart without parts as one with an empty part, or as a part.</summary>
    private static bool IsMultipart(BodyPart part) => part.ContentType.IsMimeType("multipart", "*");

    private static IEnumerable<BodyPartBasic> Leaves(BodyPart root)
    {
        var pending = new Stack<BodyPart>([root]);
        while (pending.TryPop(out var part))
        {
            if (part is BodyPartBasic leaf)
            {
                yield return leaf;
            }
            foreach (var child in part is BodyPartMultipart multipart ? multipart.BodyParts : [])
            {
                pending.Push(child);
            }
        }
    }

    /// <summary>True if the description of a leaf is unlikely. Files that are not text are hardly ever sent without an encoding, and text is hardly ever an attachment without a name.</summary>
    private static bool IsDoubtful(BodyPartBasic leaf) => leaf.ContentType.IsMimeType("text", "*")
        ? leaf.ContentDisposition is { IsAttachment: true, Parameters.Count: 0 } && leaf.ContentType.Name is null
        : leaf.Octets > 0 && PartMapping.Encoding(leaf.ContentTransferEncoding) == "7bit" && IsFile(leaf.ContentType);

    private static bool IsFile(ContentType type) =>
        !(type.IsMimeType("message", "*") || type.IsMimeType("multipart", "*") || type.IsMimeType("application", "pgp-signature") || type.IsMimeType("application", "pgp-encrypted"));

    private static void Repair(Doubt doubt, byte[] octets)
    {
        if (IsMultipart(doubt.Part))
        {
            if (!HasBoundary(octets, doubt.Part.ContentType.Boundary) && octets.AsSpan().ContainsAnyExcept(" \t\r\n"u8))
            {
                doubt.Message.Body = new BodyPartText(new ContentType("text", "plain"), Text) { ContentTransferEncoding = "8bit", Octets = octets.Length < TextOctets ? (uint)octets.Length : doubt.Message.Size ?? 0 };
            }
        }
        else if (doubt.Part is BodyPartBasic leaf && HeaderFields.Parse(octets) is { IsEmpty: false } header)
        {
            leaf.ContentTransferEncoding = header.Line("Content-Transfer-Encoding") ?? leaf.ContentTransferEncoding;
            leaf.ContentDisposition = header.Line("Content-Disposition") is null ? null : header.ContentDisposition();
        }
    }

    private static bool HasBoundary(byte[] text, string? boundary) => boundary is { Length: > 0 } && text.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"--{boundary}")) >= 0;
}
