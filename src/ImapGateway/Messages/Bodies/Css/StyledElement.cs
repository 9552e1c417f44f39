using AngleSharp.Dom;
using MimeKit.Text;

namespace ImapGateway.Messages.Bodies.Css;

/// <summary>An element of the message as its sender wrote it, with everything that selectors can test.</summary>
public sealed class SourceElement
{
    private const int MaxClasses = 50;
    private const int MaxAttributes = 100;
    private const int MaxValue = 2_000;

    private static readonly char[] Blanks = [' ', '\t', '\n', '\r', '\f'];

    public SourceElement(string name, HtmlTagToken tag)
    {
        Name = name;
        foreach (var attribute in tag.Attributes.Take(MaxAttributes))
        {
            if (attribute.Value is null or { Length: <= MaxValue })
            {
                // HTML section 13.2.5.33: the first of several attributes with one name counts.
                Attributes.TryAdd(attribute.Name.ToLowerInvariant(), attribute.Value ?? "");
            }
        }
        Id = Attributes.GetValueOrDefault("id");
        Classes = [.. (Attributes.GetValueOrDefault("class") ?? "").Split(Blanks, StringSplitOptions.RemoveEmptyEntries).Take(MaxClasses)];
    }

    private SourceElement(string name) => Name = name;

    public string Name { get; }
    public string? Id { get; }
    public string[] Classes { get; } = [];
    public Dictionary<string, string> Attributes { get; } = [];

    /// <summary>Makes an element that the parser adds by itself, such as tbody.</summary>
    public static SourceElement Implied(string name) => new(name);
}

/// <summary>An element with its position in the tree, as selectors see it.</summary>
/// <param name="source">The name and attributes.</param>
/// <param name="node">The element of the parser; null for html, head and a body that has no tag.</param>
/// <param name="parent">The parent; null for html.</param>
public sealed class StyledElement(SourceElement source, IElement? node, StyledElement? parent)
{
    private StyledElement? _lastChild;

    public SourceElement Source => source;
    public IElement? Node => node;
    public StyledElement? Parent => parent;

    /// <summary>The previous sibling.</summary>
    public StyledElement? Previous { get; } = parent?._lastChild;

    /// <summary>The position among its siblings, from 1.</summary>
    public int Index { get; } = (parent?._lastChild?.Index ?? 0) + 1;

    public bool IsLast => parent is null || ReferenceEquals(parent._lastChild, this);

    public StyledElement Add(SourceElement child, IElement? childNode)
    {
        return _lastChild = new StyledElement(child, childNode, this);
    }
}
