using MimeKit.Text;

namespace ImapGateway.Html;

/// <summary>Follows the tags of a document and reports which are in an element that is removed with all its contents (<see cref="HtmlElements.Dropped"/>).</summary>
/// <param name="isHidden">True for start tags of other elements to remove; null for none.</param>
public sealed class DroppedContent(Func<HtmlTagToken, bool>? isHidden = null)
{
    private int _depth;

    /// <summary>The element that is being removed now, in lower case; null if there is none.</summary>
    public string? Element { get; private set; }

    /// <summary>Returns whether the tag belongs to removed content. Must be called for each tag, in order.</summary>
    /// <param name="name">The name of the tag, in lower case.</param>
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
