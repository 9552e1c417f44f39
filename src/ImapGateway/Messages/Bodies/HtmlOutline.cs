using ImapGateway.Html;
using MimeKit.Text;

namespace ImapGateway.Messages.Bodies;

/// <summary>
/// Collects facts about HTML before any of it is written: its style sheets, which can come after the elements that they apply to, and those of its names that its own links and pictures use. Other
/// names are left out, and these are replaced, because a name of the message must not stand for an element of the page around.
/// </summary>
public sealed class HtmlOutline
{
    private const int MaxName = 100;

    private readonly HashSet<string> _targets = new(StringComparer.Ordinal);
    private readonly HashSet<string> _maps = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly List<(string Text, string? Media)> _styles = [];

    private HtmlOutline()
    {
    }

    /// <summary>The contents of the style elements and their media attributes, in order.</summary>
    public IReadOnlyCollection<(string Text, string? Media)> Styles => _styles;

    /// <summary>The sender's setting for light and dark presentation: the content of meta color-scheme.</summary>
    public string? ColorScheme { get; private set; }

    /// <param name="scope">The prefix of the new names; null: names stay as they are.</param>
    public static HtmlOutline Of(string html, string? scope)
    {
        var outline = new HtmlOutline();
        var links = new List<string>();
        outline.Read(html, links);
        foreach (var name in links.Where(name => outline._targets.Contains(name) || outline._maps.Contains(name)))
        {
            outline._used.Add(name);
            outline._names.TryAdd(name, scope is null ? name : $"{scope}-{outline._names.Count + 1}");
        }
        foreach (var name in scope is null ? outline._targets : [])
        {
            outline._names.TryAdd(name, name);
        }
        return outline;
    }

    /// <summary>Returns the new name of an element that has this one; null: it gets none.</summary>
    public string? Name(string? name) => name is not null ? _names.GetValueOrDefault(name) : null;

    /// <summary>Returns the link to a position in the same message; null if there is no such position.</summary>
    /// <param name="url">The URL of any link, or the usemap attribute of a picture.</param>
    public string? Link(string? url) => FragmentOf(url) is { } fragment && Name(_names.ContainsKey(fragment) ? fragment : Uri.UnescapeDataString(fragment)) is { } name ? $"#{name}" : null;

    private void Read(string html, List<string> links)
    {
        var tokenizer = new HtmlTokenizer(new StringReader(html)) { DecodeCharacterReferences = true, IgnoreTruncatedTags = true };
        var dropped = new DroppedContent();
        string? media = null;
        string? map = null;
        while (tokenizer.ReadNextToken(out var token))
        {
            if (token is HtmlTagToken tag)
            {
                var name = tag.Name.ToLowerInvariant();
                var wasDropping = dropped.Element is not null;
                if (!dropped.Swallows(tag, name))
                {
                    map = name == "map" ? tag.IsEndTag ? null : Value(tag, "name") : map;
                    Element(tag, name, map, links);
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

    private void Element(HtmlTagToken tag, string name, string? map, List<string> links)
    {
        if (tag.IsEndTag)
        {
            return;
        }
        if (name == "meta")
        {
            if (Value(tag, "name")?.Equals("color-scheme", StringComparison.OrdinalIgnoreCase) == true && Value(tag, "content") is { Length: <= MaxName } scheme && scheme.All(c => char.IsAsciiLetter(c) || c == ' '))
            {
                ColorScheme = scheme;
            }
            return;
        }
        Target(Value(tag, "id"));
        if (name == "a")
        {
            Target(Value(tag, "name"));
        }
        else if (name == "area" && map is not null && SafeUrls.Link(Value(tag, "href") ?? "") is not null && IsName(map))
        {
            _maps.Add(map);
        }
        foreach (var url in new[] { name is "a" or "area" ? Value(tag, "href") : null, name == "img" ? Value(tag, "usemap") : null })
        {
            if (FragmentOf(url) is { } fragment)
            {
                links.AddRange([fragment, Uri.UnescapeDataString(fragment)]);
            }
        }
    }

    private void Target(string? name)
    {
        if (IsName(name))
        {
            _targets.Add(name!);
        }
    }

    private static bool IsName(string? name) => name is { Length: > 0 and <= MaxName } && !name.Any(char.IsWhiteSpace) && !name.Any(char.IsControl);

    private static string? FragmentOf(string? url) => url?.Trim() is ['#', .. { Length: > 0 and <= MaxName } fragment] ? fragment : null;

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
