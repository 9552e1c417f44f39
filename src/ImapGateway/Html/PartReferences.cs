using System.Text.RegularExpressions;
using ImapGateway.Mail;
using MimeKit.Text;

namespace ImapGateway.Html;

/// <summary>The parts of a message that its HTML shows: by cid: (RFC 2392), or by their location (RFC 2557 section 4).</summary>
public sealed partial class PartReferences
{
    // Some programs change the case of a Content-ID.
    private readonly HashSet<string> _ids = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _locations = new(StringComparer.Ordinal);

    /// <summary>Returns whether the HTML shows the part.</summary>
    public bool Include(MessagePart part) => (part.ContentId is { } id && _ids.Contains(id)) || (part.Location is { } location && _locations.Contains(location));

    /// <summary>Searches HTML in one pass without a tree. Comments, scripts and style sheets are not searched.</summary>
    public static PartReferences In(string html)
    {
        var references = new PartReferences();
        var tokenizer = new HtmlTokenizer(new StringReader(html)) { DecodeCharacterReferences = true, IgnoreTruncatedTags = true };
        while (tokenizer.ReadNextToken(out var token))
        {
            if (token is not HtmlTagToken { IsEndTag: false } tag)
            {
                continue;
            }
            foreach (var attribute in tag.Attributes)
            {
                var value = attribute.Value ?? "";
                if (attribute.Name.Equals("style", StringComparison.OrdinalIgnoreCase))
                {
                    foreach (Match url in StyleUrl().Matches(value))
                    {
                        references.Add(url.Groups[1].Value);
                    }
                }
                else if (IsSource(attribute.Name))
                {
                    references.Add(value);
                }
            }
        }
        return references;
    }

    private void Add(string url)
    {
        if (SafeUrls.ContentId(url) is { } id)
        {
            _ids.Add(id);
        }
        else
        {
            _locations.Add(url.Trim());
        }
    }

    private static bool IsSource(string attribute) =>
        attribute.Equals("src", StringComparison.OrdinalIgnoreCase) || attribute.Equals("background", StringComparison.OrdinalIgnoreCase) || attribute.Equals("poster", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"url\(\s*[""']?([^""')]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex StyleUrl();
}
