using System.Text;
using ImapGateway.Html;

namespace ImapGateway.Messages.Bodies;

/// <summary>Writes the HTML around the HTML of a message.</summary>
public static class HtmlPage
{
    /// <summary>
    /// The style of the containing element. Nothing in it can be drawn or clicked outside of its box (CSS Containment Level 2: paint and layout), and nothing in it is stacked with elements of the
    /// page. Contents larger than the box can be scrolled.
    /// </summary>
    private const string Containment = "contain:content;overflow:auto;position:relative;isolation:isolate;z-index:0;display:flow-root;max-width:100%";

    /// <summary>The default styles that browsers give html and body, with less weight than any rule of the message.</summary>
    private const string BaseStyles = $":where(html,body){{margin:0}}:where({HtmlElements.MailBody}){{display:block;margin:8px}}";

    /// <summary>Returns the Content-Security-Policy of a document: only pictures are loaded, nothing runs, nothing is sent.</summary>
    public static string PolicyOf(HtmlForm form) =>
        $"default-src 'none'; img-src 'self' data:{(form.RemoteImages ? " https: http:" : "")}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    /// <summary>Writes one element that can be put into a page.</summary>
    public static string Contain(string html) => $"<div style=\"{Containment}\">{html}</div>";

    /// <summary>Writes a complete page for a frame.</summary>
    /// <param name="parts">The cleaned parts, at least one.</param>
    public static string Document(IReadOnlyCollection<CleanHtml> parts, HtmlForm form)
    {
        var page = new StringBuilder("<!doctype html><html><head><meta charset=\"utf-8\">")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"").Append(PolicyOf(form)).Append("\">")
            .Append("<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        if (parts.Select(part => part.ColorScheme).FirstOrDefault(scheme => scheme is not null) is { } scheme)
        {
            page.Append("<meta name=\"color-scheme\" content=\"").Append(scheme).Append("\">");
        }
        page.Append("<style>").Append(BaseStyles).Append("</style>");
        foreach (var styles in parts.Select(part => part.Styles).Where(styles => styles.Length > 0))
        {
            page.Append("<style>\n").Append(styles).Append("</style>");
        }
        return page.Append("</head><body>").AppendJoin("", parts.Select(part => part.Html)).Append("</body></html>").ToString();
    }
}
