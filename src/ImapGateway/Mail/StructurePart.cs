using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>A multipart of the MIME structure; its parts are told by their section numbers.</summary>
/// <param name="Part">The IMAP section number; empty: the message itself.</param>
/// <param name="ContentType">Media type in lower case, without parameters.</param>
/// <param name="Disposition">"attachment", "inline" or null.</param>
/// <param name="Language">Content-Language (RFC 3282), tags with commas between; null where there is none.</param>
[GenerateSerializer, Immutable]
public sealed record MessageMultipart(string Part, string ContentType, string? Disposition, string? Language);

/// <summary>A part of the MIME structure with all parts in it. A message in a message (message/rfc822) is a part without parts.</summary>
/// <param name="Part" example="1.2">The IMAP section number; null for the message itself if it is a multipart.</param>
/// <param name="ContentType" example="application/pdf">Media type in lower case, without parameters; application/octet-stream where it cannot be understood.</param>
/// <param name="Charset">The charset parameter as the sender wrote it.</param>
/// <param name="Disposition" example="attachment">"attachment", "inline" or null.</param>
/// <param name="Filename" example="offer.pdf">Decoded (RFC 2231, RFC 2047), without any path; null where the sender gave none.</param>
/// <param name="ContentId">Decoded (RFC 2047), without angle brackets.</param>
/// <param name="Language">Content-Language (RFC 3282); absent where there is none.</param>
/// <param name="Size" example="68412">Encoded octets, as the mail server counts them; of a multipart the sum of its parts.</param>
/// <param name="Encoding" example="base64">Content-Transfer-Encoding in lower case: 7bit, 8bit, binary, base64, quoted-printable, x-uuencode; null for a multipart.</param>
/// <param name="Parts">In the order of the message; empty where there are none. Parts below the twelfth level are listed in the part of that level.</param>
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
    /// <summary>JSON of the gateway is not deeper than 32 levels, of which each part takes two.</summary>
    public const int MaxDepth = 12;

    /// <summary>The tree of which the headers have the nodes.</summary>
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
