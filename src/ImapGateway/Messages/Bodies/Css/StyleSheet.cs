using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Messages.Bodies.Css;

/// <summary>A rule with declarations that <see cref="SafeCss"/> has accepted.</summary>
/// <param name="Selectors">The selectors, at least one.</param>
/// <param name="Declarations">The declarations, not empty.</param>
/// <param name="Media">The condition of the @media blocks around it; null: it always applies.</param>
public sealed record StyleRule(ImmutableArray<Selector> Selectors, string Declarations, string? Media);

/// <summary>
/// The rules of the style elements of a message. At-rules other than @media are left out, since they load something or have no element to apply to. A sheet that is too large has no rules at all:
/// half of one would show what the other half hides.
/// </summary>
public sealed partial class StyleSheet
{
    /// <summary>The largest sheet in characters. The largest sheets of newsletters have 200,000.</summary>
    private const int MaxText = 512 * 1024;
    private const int MaxSelectors = 10_000;
    private const int MaxNesting = 3;
    private const int MaxMedia = 300;

    private readonly List<StyleRule> _rules = [];
    private readonly Func<string, string?> _picture;
    private int _selectors;

    private StyleSheet(Func<string, string?> picture) => _picture = picture;

    public static StyleSheet Empty { get; } = new(static _ => null);

    /// <summary>The rules in the order of the text.</summary>
    public IReadOnlyList<StyleRule> Rules => _rules;

    /// <param name="sources">The contents of style elements, each with its media attribute, in the order of the document.</param>
    /// <param name="picture">The replacement of picture URLs as for <see cref="SafeCss.Filter"/>.</param>
    public static StyleSheet Parse(IReadOnlyCollection<(string Text, string? Media)> sources, Func<string, string?> picture)
    {
        var sheet = new StyleSheet(picture);
        if (sources.Sum(source => (long)source.Text.Length) > MaxText)
        {
            return Empty;
        }
        foreach (var (text, media) in sources)
        {
            if (MediaOf(media ?? "", outer: null) is { } condition)
            {
                sheet.Block(CssText.WithoutComments(text), condition.Length == 0 ? null : condition, nesting: 0);
            }
        }
        return sheet._selectors > MaxSelectors ? Empty : sheet;
    }

    /// <summary>Writes the rules as text for a style element.</summary>
    /// <param name="maxLength">The largest number of characters; a longer text is not written at all.</param>
    public string Write(int maxLength)
    {
        var text = new StringBuilder();
        foreach (var rule in _rules)
        {
            var selectors = string.Join(',', rule.Selectors.Where(selector => selector.IsPublic).Select(selector => selector.Text));
            if (selectors.Length > 0)
            {
                text.Append(rule.Media is null ? "" : $"@media {rule.Media}{{").Append(selectors).Append('{').Append(rule.Declarations).Append('}').Append(rule.Media is null ? "" : "}").Append('\n');
            }
            if (text.Length > maxLength)
            {
                return "";
            }
        }
        return text.ToString();
    }

    private void Block(string text, string? media, int nesting)
    {
        for (var at = 0; at < text.Length && _selectors <= MaxSelectors;)
        {
            if (char.IsWhiteSpace(text[at]) || text[at] is '}' or ';')
            {
                at++;
            }
            else if (string.CompareOrdinal(text, at, "<!--", 0, 4) == 0)
            {
                at += 4;
            }
            else if (string.CompareOrdinal(text, at, "-->", 0, 3) == 0)
            {
                at += 3;
            }
            else
            {
                var open = CssText.Find(text, at, text[at] == '@' ? "{;" : "{");
                var close = open == text.Length || text[open] == ';' ? open : CssText.Find(text, open + 1, "}");
                if (open < text.Length && text[open] == '{')
                {
                    Rule(text[at..open].Trim(), text[(open + 1)..close], media, nesting);
                }
                at = close + 1;
            }
        }
    }

    private void Rule(string prelude, string block, string? media, int nesting)
    {
        if (prelude.StartsWith("@media", StringComparison.OrdinalIgnoreCase))
        {
            if (nesting < MaxNesting && MediaOf(prelude["@media".Length..], media) is { } condition)
            {
                Block(block, condition.Length == 0 ? null : condition, nesting + 1);
            }
            return;
        }
        if (prelude.StartsWith('@') || Selector.ParseList(prelude) is not { IsEmpty: false } selectors)
        {
            return;
        }
        _selectors += selectors.Length;
        if (SafeCss.Filter(block, _picture) is { Length: > 0 } declarations)
        {
            _rules.Add(new StyleRule(selectors, declarations, media));
        }
    }

    /// <returns>The condition; empty: it applies to every screen; null: it is not understood, or cannot be combined with the condition around it.</returns>
    private static string? MediaOf(string query, string? outer)
    {
        var trimmed = Blanks().Replace(query.Trim(), " ").ToLowerInvariant();
        if (trimmed is "" or "all" or "screen" or "only screen")
        {
            return outer ?? "";
        }
        if (trimmed.Length > MaxMedia || !Query().IsMatch(trimmed))
        {
            return null;
        }
        // Two lists cannot be joined by "and" without multiplying them.
        return outer is null ? trimmed : trimmed.StartsWith('(') && !trimmed.Contains(',') && !outer.Contains(',') ? $"{outer} and {trimmed}" : null;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"^[a-z0-9 (),:.<>=/-]+\z")]
    private static partial Regex Query();
}
