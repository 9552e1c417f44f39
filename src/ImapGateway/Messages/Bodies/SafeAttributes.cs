using System.Collections.Frozen;
using System.Globalization;
using ImapGateway.Html;
using ImapGateway.Messages.Bodies.Css;
using MimeKit.Text;

namespace ImapGateway.Messages.Bodies;

/// <summary>Selects the attributes that an element of a message keeps.</summary>
/// <param name="partUrl">Returns the URL of the part for the URL of a picture (cid: or a location); null if the message has no such part.</param>
/// <param name="form">The form in which the HTML is shown.</param>
public sealed class SafeAttributes(Func<string, string?> partUrl, HtmlForm form)
{
    public const string BlockedSource = "data-blocked-src";

    /// <summary>
    /// The name of a style attribute while HtmlSanitizer checks the tree. Its CSS object model would take most of the time, write seven octets for one, and end
    /// the process by its recursion. <see cref="SafeCss"/> is stricter.
    /// </summary>
    public const string Style = "data-style";

    /// <summary>The attribute with the index of the element in <see cref="Sources"/>.</summary>
    public const string Source = "data-mail";

    private const int MaxText = 2_000;
    private const int MaxName = 100;

    /// <summary>The largest number in attributes: pixels, rows, columns.</summary>
    private const int MaxNumber = 10_000;

    private static readonly FrozenSet<string> Plain = Set(
        "abbr align alt bgcolor border cellpadding cellspacing char color colspan coords datetime dir face height hidden hspace lang nowrap reversed rowspan scope shape size span start title type valign value vspace width");

    private static readonly FrozenSet<string> Measures = Set("border cellpadding cellspacing colspan height hspace rowspan size span vspace width");

    private readonly List<SourceElement> _sources = [];
    private readonly HashSet<string> _pictures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _filtered = new(StringComparer.Ordinal);

    /// <summary>All attributes that <see cref="Of"/> and <see cref="Final"/> can give, under the names that they have in the tree.</summary>
    public static IEnumerable<string> Names => [.. Plain, Style, Source, BlockedSource, "class", "href", "id", "name", "referrerpolicy", "rel", "src", "target", "usemap"];

    /// <summary>The elements as they were sent, if <see cref="KeepsSources"/>.</summary>
    public IReadOnlyList<SourceElement> Sources => _sources;

    /// <summary>True if the elements are kept for the selectors of a style sheet.</summary>
    public bool KeepsSources { get; init; }

    /// <summary>Returns the URL to load for a background picture; null: none is loaded.</summary>
    public string? Background(string url)
    {
        var shown = partUrl(url) ?? SafeUrls.Embedded(url) ?? (form.RemoteImages ? SafeUrls.Remote(url) : null);
        if (shown is not null)
        {
            _pictures.Add(shown);
        }
        return shown;
    }

    public IEnumerable<KeyValuePair<string, string>> Of(HtmlTagToken tag, string element)
    {
        var given = new Dictionary<string, string>();
        foreach (var attribute in tag.Attributes)
        {
            var name = attribute.Name.ToLowerInvariant();
            // HTML section 13.2.5.33: the first of several attributes with one name counts.
            if (Plain.Contains(name) || name is "background" or "class" or "href" or "id" or "name" or "src" or "style" or "text" or "usemap" or BlockedSource)
            {
                given.TryAdd(name, attribute.Value ?? "");
            }
        }
        var isBody = tag.Name.Equals("body", StringComparison.OrdinalIgnoreCase);
        if (KeepsSources)
        {
            yield return KeyValuePair.Create(Source, _sources.Count.ToString(CultureInfo.InvariantCulture));
            _sources.Add(new SourceElement(tag.Name.ToLowerInvariant(), tag));
        }
        foreach (var (name, value) in given)
        {
            if (Plain.Contains(name) && !(isBody && name == "bgcolor") && value.Length <= MaxText && !value.Contains("&{", StringComparison.Ordinal) && (!Measures.Contains(name) || IsBounded(value)))
            {
                yield return KeyValuePair.Create(name, value);
            }
        }
        foreach (var attribute in Identity(given, element).Concat(element switch { "a" or "area" => Link(given), "img" => Picture(given), _ => [] }))
        {
            yield return attribute;
        }
        if (StyleOf(given, isBody) is { Length: > 0 } style)
        {
            yield return KeyValuePair.Create(Style, style);
        }
    }

    /// <summary>Returns the attributes as they are shown: those that <see cref="Of"/> gave, without those that are only for the tree.</summary>
    public IEnumerable<KeyValuePair<string, string>> Final(HtmlTagToken tag)
    {
        foreach (var attribute in tag.Attributes)
        {
            var value = attribute.Value ?? "";
            if (attribute.Name == Style)
            {
                if (Filtered(value) is { Length: > 0 } style)
                {
                    yield return KeyValuePair.Create("style", style);
                }
            }
            else if (attribute.Name != Source)
            {
                yield return KeyValuePair.Create(attribute.Name, value);
            }
        }
    }

    /// <summary>Filters a style and remembers the result, since many elements have the same style.</summary>
    private string Filtered(string style) =>
        _filtered.TryGetValue(style, out var known) ? known : _filtered[style] = SafeCss.Filter(style, url => _pictures.Contains(url) ? url : null);

    private IEnumerable<KeyValuePair<string, string>> Identity(Dictionary<string, string> given, string element)
    {
        if (form.IsDocument && given.GetValueOrDefault("class") is { Length: > 0 and <= MaxText } classes)
        {
            yield return KeyValuePair.Create("class", classes);
        }
        var id = given.GetValueOrDefault("id") is { } own && IsName(own) ? own : null;
        var name = element is "a" or "map" && given.GetValueOrDefault("name") is { } other && IsName(other) ? other : null;
        if ((id ?? (element == "a" ? name : null)) is { } position)
        {
            yield return KeyValuePair.Create("id", position);
        }
        if (name is not null)
        {
            yield return KeyValuePair.Create("name", name);
        }
    }

    private IEnumerable<KeyValuePair<string, string>> Link(Dictionary<string, string> given)
    {
        var href = given.GetValueOrDefault("href");
        if (Fragment(href) is { } inside)
        {
            return [KeyValuePair.Create("href", form.LinkBase + inside)];
        }
        return href is not null && SafeUrls.Link(href) is { } url
            ? [KeyValuePair.Create("href", url), KeyValuePair.Create("target", "_blank"), KeyValuePair.Create("rel", "noopener noreferrer")]
            : [];
    }

    private IEnumerable<KeyValuePair<string, string>> Picture(Dictionary<string, string> given)
    {
        var source = given.GetValueOrDefault("src", "");
        if ((partUrl(source) ?? SafeUrls.Embedded(source)) is { } shown)
        {
            yield return KeyValuePair.Create("src", shown);
        }
        else if ((SafeUrls.Remote(source) ?? SafeUrls.Remote(given.GetValueOrDefault(BlockedSource, ""))) is { } remote)
        {
            yield return KeyValuePair.Create(form.RemoteImages ? "src" : BlockedSource, remote);
            if (form.RemoteImages)
            {
                yield return KeyValuePair.Create("referrerpolicy", "no-referrer");
            }
        }
        if (Fragment(given.GetValueOrDefault("usemap")) is { } map)
        {
            yield return KeyValuePair.Create("usemap", map);
        }
    }

    /// <summary>Combines the styles of an element. The body's colours and background pictures in attributes come first, so that a declaration overrides them.</summary>
    private string StyleOf(Dictionary<string, string> given, bool isBody)
    {
        var colours = isBody ? SafeCss.Filter($"background-color:{given.GetValueOrDefault("bgcolor")};color:{given.GetValueOrDefault("text")}") : "";
        var picture = given.TryGetValue("background", out var background) && Background(background) is { } url ? SafeCss.Filter($"background-image:url(\"{url}\")", _ => url) : "";
        return string.Join(';', new[] { colours, picture, SafeCss.Filter(given.GetValueOrDefault("style", ""), Background) }.Where(part => part.Length > 0));
    }

    private static bool IsName(string name) => name.Length is > 0 and <= MaxName && !name.Any(char.IsWhiteSpace) && !name.Any(char.IsControl);

    /// <summary>Returns the URL if it names a position or a map in the same message.</summary>
    private static string? Fragment(string? url) => url?.Trim() is ['#', .. { Length: > 0 and <= MaxName }] and var fragment ? fragment : null;

    private static bool IsBounded(string value)
    {
        var digits = value.AsSpan().Trim().TrimStart('+');
        var length = digits.IndexOfAnyExceptInRange('0', '9');
        digits = length < 0 ? digits : digits[..length];
        return digits.IsEmpty ? !value.Contains('-') : digits.Length <= 9 && int.Parse(digits, CultureInfo.InvariantCulture) <= MaxNumber;
    }

    private static FrozenSet<string> Set(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
