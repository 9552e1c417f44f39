using System.Collections.Frozen;
using Ganss.Xss;
using ImapGateway.Html;
using MimeKit.Text;

namespace ImapGateway.Messages.Bodies;

/// <summary>
/// HTML of a stranger, fit to be put into a page. Two walls: <see cref="HtmlRewriter"/> lets known elements and attributes through in well-nested form, HtmlSanitizer
/// judges the tree that a browser would build of that.
/// <list type="bullet">
/// <item>Nothing is loaded: remote pictures keep their URL in <c>data-blocked-src</c> (http and https only) for clients that offer to show them; srcset, backgrounds and
/// CSS url() are gone.</item>
/// <item>Pictures of the message (cid: or a location) point at their parts; data: pictures of raster formats stay.</item>
/// <item>Links go to http, https, mailto and tel, in a new window, without referrer or opener.</item>
/// <item>Style elements, classes, ids and names are gone: they would act on the page around. Style attributes keep what <see cref="SafeCss"/> lets through.</item>
/// </list>
/// </summary>
public static class SafeHtml
{
    public const string BlockedSource = "data-blocked-src";

    /// <summary>
    /// What a style attribute is called while HtmlSanitizer looks at the tree: its CSS object model would take most of the time, write seven octets for one, and end
    /// the process by its recursion. <see cref="SafeCss"/> is stricter.
    /// </summary>
    private const string Style = "data-style";

    private const int MaxText = 2_000;

    private static readonly FrozenSet<string> Plain = (
        "abbr align alt bgcolor border cellpadding cellspacing char color colspan datetime dir face height hspace lang nowrap reversed rowspan scope size span start title type valign value vspace width")
        .Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static readonly HtmlSanitizer Sanitizer = Configure();

    /// <param name="html">Of any size; what comes after tens of thousands of elements is left out.</param>
    /// <param name="partUrl">From the URL of a picture (cid: or a location) to the URL of that part; null where the message has no such part.</param>
    /// <param name="maxBytes">UTF-8 octets of the result, which is cut between elements or in text and stays well-formed.</param>
    public static (string Html, bool Truncated) Clean(string html, Func<string, string?> partUrl, int maxBytes = int.MaxValue)
    {
        // The octets of the result come from the first few times as many of the rewritten: hostile input is not worked through to its end.
        var rewriter = new HtmlRewriter((tag, name) => Attributes(tag, name, partUrl), (int)Math.Min(int.MaxValue, 4L * maxBytes));
        var clean = Sanitizer.Sanitize(rewriter.Rewrite(html));
        var final = new HtmlRewriter(static (tag, _) => tag.Attributes.Select(Final), maxBytes);
        return (final.Rewrite(clean), rewriter.Truncated | final.Truncated);
    }

    private static KeyValuePair<string, string> Final(HtmlAttribute attribute) => attribute.Name == Style
        ? KeyValuePair.Create("style", SafeCss.Filter(attribute.Value ?? ""))
        : KeyValuePair.Create(attribute.Name, attribute.Value ?? "");

    private static IEnumerable<KeyValuePair<string, string>> Attributes(HtmlTagToken tag, string element, Func<string, string?> partUrl)
    {
        var seen = new HashSet<string>();
        var style = "";
        var isBody = tag.Name.Equals("body", StringComparison.OrdinalIgnoreCase);
        foreach (var attribute in tag.Attributes)
        {
            var name = attribute.Name.ToLowerInvariant();
            var value = attribute.Value ?? "";
            // HTML section 13.2.5.33: of attributes with one name the first counts.
            if (!(Plain.Contains(name) || name is "style" or "href" or "src" or BlockedSource) || !seen.Add(name))
            {
                continue;
            }
            if (name == "style")
            {
                style = SafeCss.Filter(value);
            }
            else if (Plain.Contains(name) && !(isBody && name == "bgcolor") && value.Length <= MaxText && !value.Contains("&{", StringComparison.Ordinal))
            {
                yield return KeyValuePair.Create(name, value);
            }
        }
        if (isBody)
        {
            style = string.Join(';', new[] { BodyColours(tag), style }.Where(part => part.Length > 0));
        }
        if (style.Length > 0)
        {
            yield return KeyValuePair.Create(Style, style);
        }
        foreach (var link in element switch { "a" => Link(tag), "img" => Picture(tag, partUrl), _ => [] })
        {
            yield return link;
        }
    }

    private static string BodyColours(HtmlTagToken tag) =>
        SafeCss.Filter($"background-color:{Value(tag, "bgcolor")};color:{Value(tag, "text")}");

    private static IEnumerable<KeyValuePair<string, string>> Link(HtmlTagToken tag) => Value(tag, "href") is { } href && SafeUrls.Link(href) is { } url
        ? [KeyValuePair.Create("href", url), KeyValuePair.Create("target", "_blank"), KeyValuePair.Create("rel", "noopener noreferrer")]
        : [];

    private static IEnumerable<KeyValuePair<string, string>> Picture(HtmlTagToken tag, Func<string, string?> partUrl)
    {
        var source = Value(tag, "src") ?? "";
        if ((partUrl(source) ?? SafeUrls.Embedded(source)) is { } shown)
        {
            return [KeyValuePair.Create("src", shown)];
        }
        return (SafeUrls.Remote(source) ?? SafeUrls.Remote(Value(tag, BlockedSource) ?? "")) is { } blocked ? [KeyValuePair.Create(BlockedSource, blocked)] : [];
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

    private static HtmlSanitizer Configure()
    {
        var sanitizer = new HtmlSanitizer(new HtmlSanitizerOptions
        {
            AllowedTags = new HashSet<string>(HtmlElements.Allowed),
            AllowedAttributes = new HashSet<string>([.. Plain, Style, "href", "src", "target", "rel", BlockedSource]),
            AllowedSchemes = new HashSet<string>(["http", "https", "mailto", "tel", "data"]),
            UriAttributes = new HashSet<string>(["href", "src", BlockedSource]),
        });
        sanitizer.FilterUrl += static (_, url) =>
            url.SanitizedUrl = url.Tag.LocalName == "a" ? SafeUrls.Link(url.OriginalUrl) : url.Tag.LocalName == "img" ? url.SanitizedUrl : null;
        return sanitizer;
    }
}
