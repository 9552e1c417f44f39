using MimeKit.Text;

namespace ImapGateway.Html;

/// <summary>Follows the tags of a document and says which are in an element that is left out with all its contents (<see cref="HtmlElements.Dropped"/>).</summary>
/// <param name="isHidden">Start tags of other elements to leave out; null: none.</param>
public sealed class DroppedContent(Func<HtmlTagToken, bool>? isHidden = null)
{
    private int _depth;

    /// <summary>The element that is left out at present, in lower case; null: none.</summary>
    public string? Element { get; private set; }

    /// <summary>Whether the tag belongs to what is left out. To be called for each tag, in order.</summary>
    /// <param name="name">Of the tag, in lower case.</param>
    public bool Swallows(HtmlTagToken tag, string name)
    {
        if (Element is not null)
        {
            _depth += name != Element || tag.IsEmptyElement ? 0 : tag.IsEndTag ? -1 : 1;
            Element = _depth == 0 ? null : Element;
            return true;
        }
        var isDropped = HtmlElements.Dropped.Contains(name);
        if (tag.IsEndTag || tag.IsEmptyElement || HtmlElements.Void.Contains(name) || !(isDropped || isHidden?.Invoke(tag) == true))
        {
            return isDropped;
        }
        (Element, _depth) = (name, 1);
        return true;
    }
}
