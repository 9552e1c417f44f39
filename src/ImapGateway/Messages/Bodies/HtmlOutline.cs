using ImapGateway.Html;
using MimeKit.Text;

namespace ImapGateway.Messages.Bodies;

/// <summary>Collects what HTML says about its presentation before any of it is written: style sheets can come after the elements that they apply to.</summary>
public sealed class HtmlOutline
{
    private const int MaxScheme = 100;

    private readonly List<(string Text, string? Media)> _styles = [];

    private HtmlOutline()
    {
    }

    /// <summary>The contents of the style elements and their media attributes, in order.</summary>
    public IReadOnlyCollection<(string Text, string? Media)> Styles => _styles;

    /// <summary>The sender's setting for light and dark presentation: the content of meta color-scheme.</summary>
    public string? ColorScheme { get; private set; }

    public static HtmlOutline Of(string html)
    {
        var outline = new HtmlOutline();
        outline.Read(html);
        return outline;
    }

    private void Read(string html)
    {
        var tokenizer = new HtmlTokenizer(new StringReader(html)) { DecodeCharacterReferences = true, IgnoreTruncatedTags = true };
        var dropped = new DroppedContent();
        string? media = null;
        while (tokenizer.ReadNextToken(out var token))
        {
            if (token is HtmlTagToken tag)
            {
                var name = tag.Name.ToLowerInvariant();
                var wasDropping = dropped.Element is not null;
                if (!dropped.Swallows(tag, name))
                {
                    Element(tag, name);
                }
                else if (!wasDropping && name == "style")
                {
                    media = Value(tag, "media");
                }
            }
            else if (token is HtmlDataToken data && dropped.Element == "style")
            {
                _styles.Add((data.Data, media));
            }
        }
    }

    private void Element(HtmlTagToken tag, string name)
    {
        if (name == "meta" && !tag.IsEndTag && Value(tag, "name")?.Equals("color-scheme", StringComparison.OrdinalIgnoreCase) == true
            && Value(tag, "content") is { Length: <= MaxScheme } scheme && scheme.All(c => char.IsAsciiLetter(c) || c == ' '))
        {
            ColorScheme = scheme;
        }
    }

    private static string? Value(HtmlTagToken tag, string name)
    {
        foreach (var attribute in tag.Attributes)
        {
            if (attribute.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return attribute.Value;
            }
        }
        return null;
    }
}
