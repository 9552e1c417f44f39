using System.Text;

namespace ImapGateway.Messages.Bodies.Css;

/// <summary>
/// Collects the declarations of a sheet for each element, in the order of the cascade (CSS Cascading and Inheritance Level 4 section 6), for its style attribute. Rules with a condition are left
/// out, since a style attribute cannot have a condition.
/// </summary>
public sealed class Cascade
{
    /// <summary>The largest number of characters of all attributes together.</summary>
    private const int MaxText = 4 * 1024 * 1024;

    private sealed record Entry(Selector Selector, int Order, string Normal, string Important);

    private readonly Dictionary<string, List<Entry>> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Entry>> _byClass = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Entry>> _byType = new(StringComparer.Ordinal);
    private readonly List<Entry> _others = [];

    public Cascade(StyleSheet sheet)
    {
        foreach (var (order, rule) in sheet.Rules.Where(rule => rule.Media is null).Index())
        {
            var (normal, important) = Divide(rule.Declarations);
            foreach (var selector in rule.Selectors.Where(selector => selector.IsMatchable))
            {
                // Elements without the id, class or type of the last compound are never compared.
                var last = selector.Compounds[^1];
                var list = last.Ids is [var id, ..] ? ListOf(_byId, id) : last.Classes is [var name, ..] ? ListOf(_byClass, name) : last.Type is { } type ? ListOf(_byType, type) : _others;
                list.Add(new Entry(selector, order, normal, important));
            }
        }
    }

    /// <returns>The declarations by element, without the elements that no rule applies to; null if that would take too long or be too large.</returns>
    public IReadOnlyDictionary<StyledElement, string>? Apply(IEnumerable<StyledElement> elements)
    {
        var match = new SelectorMatch();
        var styles = new Dictionary<StyledElement, string>(ReferenceEqualityComparer.Instance);
        var length = 0L;
        foreach (var element in elements)
        {
            if (StyleOf(element, match) is { Length: > 0 } style)
            {
                styles[element] = style;
                length += style.Length;
            }
            if (match.IsExhausted || length > MaxText)
            {
                return null;
            }
        }
        return styles;
    }

    private string StyleOf(StyledElement element, SelectorMatch match)
    {
        var found = new Dictionary<int, Entry>();
        var source = element.Source;
        Find(source.Id is null ? null : _byId.GetValueOrDefault(source.Id));
        foreach (var name in source.Classes)
        {
            Find(_byClass.GetValueOrDefault(name));
        }
        Find(_byType.GetValueOrDefault(source.Name));
        Find(_others);
        if (found.Count == 0)
        {
            return "";
        }
        var ascending = found.Values.OrderBy(entry => entry.Selector.Specificity).ThenBy(entry => entry.Order).ToList();
        // The element's own style attribute is appended to these declarations: it overrides all of them, except important ones that it does not make important itself.
        return string.Join(';', ascending.Select(entry => entry.Normal).Concat(ascending.Select(entry => entry.Important)).Where(text => text.Length > 0));

        void Find(List<Entry>? candidates)
        {
            foreach (var entry in candidates ?? [])
            {
                // If several selectors of one rule match, the most specific one counts.
                if (match.Matches(entry.Selector, element) && (!found.TryGetValue(entry.Order, out var other) || other.Selector.Specificity < entry.Selector.Specificity))
                {
                    found[entry.Order] = entry;
                }
            }
        }
    }

    private static (string Normal, string Important) Divide(string declarations)
    {
        var (normal, important) = (new StringBuilder(), new StringBuilder());
        foreach (var declaration in CssText.Split(declarations, ';'))
        {
            var target = declaration.EndsWith("!important", StringComparison.Ordinal) ? important : normal;
            target.Append(target.Length == 0 ? "" : ";").Append(declaration);
        }
        return (normal.ToString(), important.ToString());
    }

    private static List<Entry> ListOf(Dictionary<string, List<Entry>> lists, string key)
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }
        return list;
    }
}
