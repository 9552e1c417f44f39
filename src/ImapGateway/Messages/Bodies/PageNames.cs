using AngleSharp.Dom;
using AngleSharp.Html.Dom;

namespace ImapGateway.Messages.Bodies;

/// <summary>
/// Replaces the names of a message (of positions and of image maps) and the links to them. A name of the message must not stand for an element of the page around, so each name that is linked to gets a
/// new one, and the others are removed. It reads the tree that is shown: an element that was removed is no target.
/// </summary>
internal sealed class PageNames
{
    private readonly string? _scope;
    private readonly string _linkBase;
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    private PageNames(string? scope, string linkBase) => (_scope, _linkBase) = (scope, linkBase);

    /// <param name="scope">The prefix of the new names; null: names stay as they are.</param>
    /// <param name="linkBase">The prefix of links to positions in the message.</param>
    public static void Apply(IHtmlElement body, string? scope, string linkBase)
    {
        var names = new PageNames(scope, linkBase);
        var elements = body.QuerySelectorAll("[id], [name], [usemap], a[href], area[href]").ToList();
        names.LinkPositions(elements);
        names.LinkMaps(elements);
        foreach (var element in elements)
        {
            names.Rename(element);
        }
    }

    private static IEnumerable<string> PositionsOf(IElement element) =>
        new[] { element.GetAttribute("id"), element.LocalName == "a" ? element.GetAttribute("name") : null }.OfType<string>();

    private void LinkPositions(List<IElement> elements)
    {
        var positions = elements.SelectMany(PositionsOf).ToHashSet(StringComparer.Ordinal);
        foreach (var link in elements)
        {
            if (link.LocalName is "a" or "area" && link.GetAttribute("href") is { } href && href.StartsWith(_linkBase + "#", StringComparison.Ordinal))
            {
                Set(link, "href", NameOf(href[(_linkBase.Length + 1)..], positions) is { } position ? $"{_linkBase}#{position}" : null);
            }
        }
    }

    /// <summary>Links pictures with maps. A map without links has no effect and gets no name.</summary>
    private void LinkMaps(List<IElement> elements)
    {
        var areas = elements.Where(element => element.LocalName == "area" && element.HasAttribute("href"));
        var maps = areas.Select(area => area.Closest("map")?.GetAttribute("name")).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var picture in elements)
        {
            if (picture.GetAttribute("usemap") is { } map)
            {
                Set(picture, "usemap", NameOf(map[1..], maps) is { } name ? $"#{name}" : null);
            }
        }
    }

    /// <summary>Returns the new name of the target of a fragment, which is percent-encoded or not.</summary>
    private string? NameOf(string fragment, HashSet<string> targets)
    {
        if (new[] { fragment, Uri.UnescapeDataString(fragment) }.FirstOrDefault(targets.Contains) is not { } name)
        {
            return null;
        }
        if (!_names.TryGetValue(name, out var renamed))
        {
            _names[name] = renamed = _scope is null ? name : $"{_scope}-{_names.Count + 1}";
        }
        return renamed;
    }

    private void Rename(IElement element)
    {
        var name = element.GetAttribute("name") is { } given ? Renamed(given) : null;
        var id = (element.GetAttribute("id") is { } own ? Renamed(own) : null) ?? (element.LocalName == "a" ? name : null);
        Set(element, "id", id);
        Set(element, "name", element.LocalName == "map" ? name : null);
    }

    private string? Renamed(string name) => _scope is null ? name : _names.GetValueOrDefault(name);

    private static void Set(IElement element, string attribute, string? value)
    {
        if (value is null)
        {
            element.RemoveAttribute(attribute);
        }
        else
        {
            element.SetAttribute(attribute, value);
        }
    }
}
