using System.Text;

namespace ImapGateway.Messages.Bodies.Css;

/// <summary>
/// The declarations of a sheet that apply to each element, in the order of the cascade (CSS Cascading and Inheritance Level 4 section 6), ready for a style attribute. Rules with a condition are left
/// out: an attribute has none.
/// </summary>
public sealed class Cascade
{
    /// <summary>Characters of all attributes together.</summary>
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
                // An element that lacks what the last compound names is never compared.
                var last = selector.Compounds[^1];
                var list = last.Ids is [var id, ..] ? ListOf(_byId, id) : last.Classes is [var name, ..] ? ListOf(_byClass, name) : last.Type is { } type ? ListOf(_byType, type) : _others;
                list.Add(new Entry(selector, order, normal, important));
            }
        }
    }

    /// <returns>By element, without those that no rule applies to; null if that would take too long or give too much.</returns>
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
        // The style attribute of the element comes behind these: it wins over all but what is important and not written there.
        return string.Join(';', ascending.Select(entry => entry.Normal).Concat(ascending.Select(entry => entry.Important)).Where(text => text.Length > 0));

        void Find(List<Entry>? candidates)
        {
            foreach (var entry in candidates ?? [])
            {
                // Of the selectors of one rule the most specific counts.
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
