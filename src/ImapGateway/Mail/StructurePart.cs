using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>A multipart of the MIME structure. Its parts are identified by their section numbers.</summary>
/// <param name="Part">The IMAP section number. Empty for the message itself.</param>
/// <param name="ContentType">The media type in lower case, without parameters.</param>
/// <param name="Disposition">The disposition: "attachment", "inline" or null.</param>
/// <param name="Language">The Content-Language (RFC 3282), tags with commas between them, or null if there is none.</param>
[GenerateSerializer, Immutable]
public sealed record MessageMultipart(string Part, string ContentType, string? Disposition, string? Language);

/// <summary>A part of the MIME structure with all parts in it. A message in a message (message/rfc822) is a part without parts.</summary>
/// <param name="Part" example="1.2">The IMAP section number, or null for the message itself if it is a multipart.</param>
/// <param name="ContentType" example="application/pdf">The media type in lower case, without parameters; application/octet-stream if it cannot be parsed.</param>
/// <param name="Charset">The charset parameter in the sender's spelling.</param>
/// <param name="Disposition" example="attachment">The disposition: "attachment", "inline" or null.</param>
/// <param name="Filename" example="offer.pdf">The file name, decoded (RFC 2231, RFC 2047) and without any path, or null if the sender gave none.</param>
/// <param name="ContentId">The Content-ID, decoded (RFC 2047), without angle brackets.</param>
/// <param name="Language">The Content-Language (RFC 3282). Absent if there is none.</param>
/// <param name="Size" example="68412">The number of encoded octets, as reported by the mail server. For a multipart it is the sum of its parts.</param>
/// <param name="Encoding" example="base64">The Content-Transfer-Encoding in lower case: 7bit, 8bit, binary, base64, quoted-printable, x-uuencode. Null for a multipart.</param>
/// <param name="Parts">The parts in the order of the message, or empty if there are none. Parts below the twelfth level are listed in the part of that level.</param>
[GenerateSerializer, Immutable]
public sealed record StructurePart(
    string? Part,
    string ContentType,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Charset,
    string? Disposition,
    string? Filename,
    string? ContentId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ImmutableArray<string>? Language,
    long Size,
    string? Encoding,
    ImmutableArray<StructurePart> Parts)
{
    /// <summary>The depth of the tree. JSON of the gateway has no more than 32 levels, and each part takes two of them.</summary>
    public const int MaxDepth = 12;

    /// <summary>Builds the tree from the nodes in the headers.</summary>
    public static StructurePart Of(MessageHeaders headers)
    {
        var nodes = headers.Multiparts.ToDictionary(multipart => multipart.Part, multipart => new Node(Section(multipart.Part), multipart, null), StringComparer.Ordinal);
        foreach (var leaf in headers.Parts)
        {
            nodes.TryAdd(leaf.Part, new Node(Section(leaf.Part), null, leaf));
        }
        if (!nodes.ContainsKey("") && headers.Parts is [var only])
        {
            return nodes[only.Part].Build(depth: 1);
        }
        var root = nodes.TryGetValue("", out var known) ? known : nodes[""] = new Node([], new MessageMultipart("", "multipart/mixed", null, null), null);
        foreach (var (part, node) in nodes.Where(one => one.Key.Length > 0))
        {
            ParentOf(part).Children.Add(node);
        }
        return root.Build(depth: 1);

        Node ParentOf(string part)
        {
            var dot = part.LastIndexOf('.');
            return dot < 0 ? root : nodes.TryGetValue(part[..dot], out var parent) ? parent : ParentOf(part[..dot]);
        }
    }

    private static int[] Section(string part) => [.. part.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(number => int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0)];

    private sealed record Node(int[] Section, MessageMultipart? Multipart, MessagePart? Leaf)
    {
        public List<Node> Children { get; } = [];

        private string Part => Multipart?.Part ?? Leaf!.Part;

        private string? Languages => Multipart is null ? Leaf!.Language : Multipart.Language;

        public StructurePart Build(int depth)
        {
            var parts = depth < MaxDepth ? [.. InOrder(Children).Select(child => child.Build(depth + 1))] : InOrder(Below()).Select(node => node.Flat([])).ToImmutableArray();
            return Flat(parts);
        }

        private StructurePart Flat(ImmutableArray<StructurePart> parts) => new(
            Part.Length == 0 ? null : Part,
            Multipart?.ContentType ?? Leaf!.ContentType,
            Leaf?.Charset,
            Multipart is null ? Leaf!.Disposition : Multipart.Disposition,
            Leaf?.Filename,
            Leaf?.ContentId,
            Languages is { } tags ? [.. tags.Split(", ")] : null,
            Leaf?.Size ?? Leaves().Sum(leaf => leaf.Size),
            Leaf?.Encoding,
            parts);

        private IEnumerable<Node> Below() => Children.SelectMany(child => child.Below().Prepend(child));

        private IEnumerable<MessagePart> Leaves() => Below().Select(node => node.Leaf).OfType<MessagePart>();

        private static IEnumerable<Node> InOrder(IEnumerable<Node> nodes) => nodes.OrderBy(node => node.Section, Comparer<int[]>.Create(static (one, other) => one.AsSpan().SequenceCompareTo(other)));
    }
}
