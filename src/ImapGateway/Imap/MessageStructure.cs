using System.Collections.Immutable;
using ImapGateway.Mail;
using MailKit;

namespace ImapGateway.Imap;

/// <summary>
/// Lists the leaves of a BODYSTRUCTURE in order, with the purpose of each. RFC 8621 section 4.1.4 has the algorithm for textBody and htmlBody; <see cref="PartRole"/> decides the purpose of the
/// others. Any structure, however broken or deep, gives a result.
/// </summary>
public static class MessageStructure
{
    /// <summary>The maximum number of parts in a response. No honest message comes near this number.</summary>
    public const int MaxParts = 1000;

    /// <summary>The maximum number of levels of nesting. Deeper parts are not shown.</summary>
    public const int MaxDepth = 256;

    public static ImmutableArray<MessagePart> Of(BodyPart? body)
    {
        if (body is null)
        {
            return [];
        }
        var walk = new Walk();
        if (body is BodyPartMultipart multipart)
        {
            walk.Children(multipart, IsAlternative(multipart), toText: true, toHtml: true, depth: 1);
        }
        else if (body is BodyPartBasic single)
        {
            var toText = true;
            var toHtml = true;
            walk.Leaf(single, new Place("mixed", IsFirst: true, InAlternative: false), ref toText, ref toHtml);
        }
        return walk.Parts();
    }

    /// <summary>Returns the multiparts around the leaves, as far as the leaves are reported, in the order of the message.</summary>
    public static ImmutableArray<MessageMultipart> MultipartsOf(BodyPart? body)
    {
        var found = ImmutableArray.CreateBuilder<MessageMultipart>();
        var pending = new Stack<(BodyPart Part, int Depth)>();
        pending.Push((body!, 1));
        while (found.Count < MaxParts && pending.TryPop(out var next))
        {
            if (next.Part is BodyPartMultipart multipart)
            {
                found.Add(PartMapping.Map(multipart));
                foreach (var child in next.Depth < MaxDepth ? multipart.BodyParts.Reverse() : [])
                {
                    pending.Push((child, next.Depth + 1));
                }
            }
        }
        return found.ToImmutable();
    }

    private static bool IsAlternative(BodyPartMultipart multipart) => multipart.ContentType.IsMimeType("multipart", "alternative");

    private sealed class Walk
    {
        private readonly List<MessagePart> _parts = [];
        private readonly List<int> _text = [];
        private readonly List<int> _html = [];
        private string? _charset;

        public ImmutableArray<MessagePart> Parts()
        {
            var (text, html) = (_text.ToHashSet(), _html.ToHashSet());
            return [.. _parts.Select((part, index) => part with { InText = text.Contains(index), InHtml = html.Contains(index) })];
        }

        public void Children(BodyPartMultipart parent, bool inAlternative, bool toText, bool toHtml, int depth)
        {
            var kind = parent.ContentType.MediaSubtype?.ToLowerInvariant() ?? "mixed";
            var (textBefore, htmlBefore) = (_text.Count, _html.Count);
            var first = First(parent, kind);
            foreach (var child in parent.BodyParts)
            {
                if (_parts.Count >= MaxParts)
                {
                    break;
                }
                if (child is BodyPartMultipart multipart)
                {
                    if (depth < MaxDepth)
                    {
                        Children(multipart, inAlternative || IsAlternative(multipart), toText, toHtml, depth + 1);
                    }
                }
                else if (child is BodyPartBasic leaf)
                {
                    Leaf(leaf, new Place(kind, ReferenceEquals(child, first), inAlternative), ref toText, ref toHtml);
                }
            }
            if (kind == "alternative" && toText && toHtml)
            {
                Share(textBefore, htmlBefore);
            }
        }

        public void Leaf(BodyPartBasic part, Place place, ref bool toText, ref bool toHtml)
        {
            var leaf = PartMapping.Map(part, _charset);
            _charset ??= leaf.Charset;
            var role = PartRole.Of(leaf, place);
            if (role.IsBody && place.Multipart != "alternative" && place.InAlternative)
            {
                toHtml &= leaf.ContentType == "text/html";
                toText &= leaf.ContentType != "text/html";
            }
            var index = _parts.Count;
            _parts.Add(leaf with { IsInline = role.IsInline });
            if (!role.IsBody)
            {
                return;
            }
            var alternative = place.Multipart == "alternative";
            if (alternative ? leaf.ContentType != "text/html" : toText)
            {
                _text.Add(index);
            }
            if (alternative ? leaf.ContentType == "text/html" : toHtml)
            {
                _html.Add(index);
            }
        }

        /// <summary>Uses an alternative with only one representation for readers of plain text and of HTML.</summary>
        private void Share(int textBefore, int htmlBefore)
        {
            if (_text.Count == textBefore)
            {
                _text.AddRange(_html[htmlBefore..]);
            }
            else if (_html.Count == htmlBefore)
            {
                _html.AddRange(_text[textBefore..]);
            }
        }

        /// <summary>Returns the root part, which is the first by default. A multipart/related may name its root (RFC 2387 section 3.2).</summary>
        private static BodyPart? First(BodyPartMultipart parent, string kind)
        {
            var start = kind == "related" ? MessageIds.Bare(parent.ContentType.Parameters["start"]) : null;
            var named = start is null ? null : parent.BodyParts.OfType<BodyPartBasic>().FirstOrDefault(part => MessageIds.Bare(part.ContentId) == start);
            return named ?? parent.BodyParts.FirstOrDefault();
        }
    }
}
