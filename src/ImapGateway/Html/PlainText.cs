using MimeKit.Text;

namespace ImapGateway.Html;

/// <summary>Converts HTML to plain text: blocks on their own lines, lists, quotes behind <c>&gt;</c>, links followed by their target.</summary>
public static class PlainText
{
    /// <summary>Converts HTML in one pass without a tree, so that deep nesting does no harm. Text beyond <paramref name="maxLength"/> characters is cut.</summary>
    public static string FromHtml(string html, int maxLength = 4 * 1024 * 1024)
    {
        var tokenizer = new HtmlTokenizer(new StringReader(html)) { DecodeCharacterReferences = true, IgnoreTruncatedTags = true };
        var text = new PlainTextWriter();
        var hidden = new DroppedContent(IsHidden);
        while (text.Length < maxLength && tokenizer.ReadNextToken(out var token))
        {
            if (token is HtmlTagToken tag)
            {
                var name = tag.Name.ToLowerInvariant();
                if (!hidden.Swallows(tag, name))
                {
                    Tag(text, tag, name);
                }
            }
            else if (token is HtmlDataToken data && token.Kind != HtmlTokenKind.ScriptData && hidden.Element is null)
            {
                text.Write(data.Data);
            }
        }
        return text.Finish();
    }

    private static void Tag(PlainTextWriter text, HtmlTagToken tag, string name)
    {
        switch (name)
        {
            case "br" when !tag.IsEndTag:
                text.Break();
                break;
            case "hr" when !tag.IsEndTag:
                text.Rule();
                break;
            case "img" when !tag.IsEndTag:
                text.Write(Value(tag, "alt") ?? "");
                break;
            case "a":
                text.Link(tag.IsEndTag ? null : SafeUrls.Link(Value(tag, "href") ?? ""));
                break;
            case "blockquote":
                text.Quote(tag.IsEndTag);
                break;
            case "ul" or "ol" or "dir":
                text.List(tag.IsEndTag, isOrdered: name == "ol");
                break;
            case "li":
                text.Item(tag.IsEndTag);
                break;
            case "pre":
                text.Preformatted(tag.IsEndTag);
                break;
            case "td" or "th" when !tag.IsEndTag:
                text.Cell();
                break;
            case "p" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6" or "table" or "dl":
                text.Paragraph();
                break;
            case "tr" or "body" or "form" or "option" or "caption":
                text.Line();
                break;
            default:
                if (HtmlElements.Blocks.Contains(name))
                {
                    text.Line();
                }
                break;
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

    /// <summary>True for content that the sender hides (preview texts).</summary>
    private static bool IsHidden(HtmlTagToken tag) =>
        Value(tag, "style") is { } style && style.Replace(" ", "", StringComparison.Ordinal).Contains("display:none", StringComparison.OrdinalIgnoreCase);
}
