using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>Finds the charset that an HTML document declares itself: in a meta element, or in the XML declaration of XHTML.</summary>
public static partial class HtmlCharset
{
    /// <summary>The number of octets to search. WHATWG HTML section 13.2.3.2 says 1024 octets; newsletters put styles before the declaration.</summary>
    private const int Prescan = 8 * 1024;

    /// <summary>Returns the declared charset, or null if the document declares none that is known.</summary>
    public static Charset? Of(ReadOnlySpan<byte> html)
    {
        var head = Comment().Replace(Encoding.Latin1.GetString(html[..Math.Min(html.Length, Prescan)]), "");
        var label = XmlDeclaration().Match(head) is { Success: true } xml ? xml.Groups["label"].Value
            : Meta().Matches(head).Select(meta => LabelIn().Match(meta.Value)).FirstOrDefault(found => found.Success)?.Groups["label"].Value;
        return Charsets.FindForHtml(label);
    }

    [GeneratedRegex("<!--.*?(?:-->|\\z)", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex("""\A\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["'](?<label>[^"'\s>]{1,60})["']""", RegexOptions.IgnoreCase)]
    private static partial Regex XmlDeclaration();

    [GeneratedRegex("<meta[\\s/][^>]{0,500}", RegexOptions.IgnoreCase)]
    private static partial Regex Meta();

    [GeneratedRegex("""charset\s*=\s*["']?\s*(?<label>[^"'\s;>/]{1,60})""", RegexOptions.IgnoreCase)]
    private static partial Regex LabelIn();
}
