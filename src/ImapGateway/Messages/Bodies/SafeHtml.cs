using System.Globalization;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Ganss.Xss;
using ImapGateway.Html;
using ImapGateway.Messages.Bodies.Css;

namespace ImapGateway.Messages.Bodies;

/// <summary>The HTML that was made safe.</summary>
/// <param name="Html">The well-formed contents of a body.</param>
/// <param name="Truncated">True if something was cut.</param>
public sealed record CleanHtml(string Html, bool Truncated)
{
    /// <summary>The rules of the message for the style element of a document; empty if there are none.</summary>
    public string Styles { get; init; } = "";

    /// <summary>The content of meta color-scheme for a document.</summary>
    public string? ColorScheme { get; init; }
}

/// <summary>
/// Makes the HTML of a message safe to be put into a page. There are two layers: <see cref="HtmlRewriter"/> lets known elements and attributes through in well-nested form, HtmlSanitizer
/// checks the tree that a browser would build of that.
/// <list type="bullet">
/// <item>Nothing is loaded unless <see cref="HtmlForm.RemoteImages"/> allows it: remote pictures keep their URL in <c>data-blocked-src</c> (http and https only) for clients that offer to show them;
/// background pictures are removed, and the colour beside them stays.</item>
/// <item>Pictures of the message (cid: or a location) point at their parts; data: pictures of raster formats stay.</item>
/// <item>Links go to http, https, mailto, tel and sms, in a new window, without referrer or opener, or to a position in the same message.</item>
/// <item>The rules of style elements become style attributes, except conditional ones. A document keeps all of them as rules, along with classes and ids; elsewhere these would act on the page around.
/// <see cref="SafeCss"/> decides about declarations.</item>
/// </list>
/// </summary>
public static class SafeHtml
{
    public const string BlockedSource = SafeAttributes.BlockedSource;

    /// <summary>The largest number of characters of the rules of a document.</summary>
    private const int MaxStyles = 256 * 1024;

    private static readonly HtmlSanitizer Sanitizer = Configure();

    /// <param name="html">The HTML, of any size; what comes after tens of thousands of elements is left out.</param>
    /// <param name="partUrl">Returns the URL of the part for the URL of a picture (cid: or a location); null if the message has no such part.</param>
    /// <param name="maxBytes">The largest number of UTF-8 octets of the result, which is cut between elements or in text and stays well-formed.</param>
    /// <param name="form">The form in which it is shown; null: <see cref="HtmlForm.Safe"/>.</param>
    /// <param name="scope">The prefix of names in the message, different from that of other messages on the same page.</param>
    public static CleanHtml Clean(string html, Func<string, string?> partUrl, int maxBytes = int.MaxValue, HtmlForm? form = null, string scope = "mail")
    {
        form ??= HtmlForm.Safe;
        var outline = HtmlOutline.Of(html);
        var attributes = new SafeAttributes(partUrl, form) { KeepsSources = !form.IsDocument && outline.Styles.Count > 0 };
        var sheet = StyleSheet.Parse(outline.Styles, attributes.Background);
        // The result needs at most a few times as many octets of the rewritten HTML: hostile input is not processed to its end.
        var rewriter = new HtmlRewriter(attributes.Of, (int)Math.Min(int.MaxValue, 4L * maxBytes), form.IsDocument ? HtmlElements.MailBody : "div");
        using var document = Sanitizer.SanitizeDom(rewriter.Rewrite(html));
        var body = document.Body!;
        PageNames.Apply(body, form.IsDocument ? null : scope, form.LinkBase);
        if (form.IsDocument)
        {
            var styles = sheet.Write(Math.Min(MaxStyles, maxBytes / 2));
            var hasBody = body.QuerySelector(HtmlElements.MailBody) is not null;
            var (page, cut) = Write(hasBody ? body.InnerHtml : $"<{HtmlElements.MailBody}>{body.InnerHtml}</{HtmlElements.MailBody}>", attributes, maxBytes - styles.Length);
            return new CleanHtml(page, rewriter.Truncated | cut) { Styles = styles, ColorScheme = outline.ColorScheme };
        }
        var plain = body.InnerHtml;
        if (sheet.Rules.Count > 0 && Inline(body, attributes.Sources, sheet) is { } wrap)
        {
            var (styled, cut) = Write(wrap(body.InnerHtml), attributes, maxBytes);
            if (!cut)
            {
                return new CleanHtml(styled, rewriter.Truncated);
            }
            // The text is more important than its styles.
        }
        var (written, truncated) = Write(plain, attributes, maxBytes);
        return new CleanHtml(written, rewriter.Truncated | truncated);
    }

    private static (string Html, bool Truncated) Write(string clean, SafeAttributes attributes, int maxBytes)
    {
        var final = new HtmlRewriter((tag, _) => attributes.Final(tag), maxBytes);
        return (final.Rewrite(clean), final.Truncated);
    }

    /// <summary>Adds the rules of the sheet before the declarations of each element.</summary>
    /// <returns>A function that adds the elements that stand for html and body; null if nothing was done because it would cost too much.</returns>
    private static Func<string, string>? Inline(IHtmlElement body, IReadOnlyList<SourceElement> sources, StyleSheet sheet)
    {
        var elements = Tree(body, sources);
        if (new Cascade(sheet).Apply(elements) is not { } styles)
        {
            return null;
        }
        var wrappers = new List<string>();
        foreach (var (element, style) in styles)
        {
            if (element.Node is null)
            {
                wrappers.Add($"<div {SafeAttributes.Style}=\"{HtmlRewriter.Escape(style)}\">");
            }
            else
            {
                var own = element.Node.GetAttribute(SafeAttributes.Style);
                element.Node.SetAttribute(SafeAttributes.Style, own is null ? style : $"{style};{own}");
            }
        }
        return inner => string.Concat(wrappers) + inner + string.Concat(Enumerable.Repeat("</div>", wrappers.Count));
    }

    /// <summary>Returns all elements in the order of the document, html and body first.</summary>
    private static List<StyledElement> Tree(IHtmlElement body, IReadOnlyList<SourceElement> sources)
    {
        var html = new StyledElement(SourceElement.Implied("html"), null, null);
        html.Add(SourceElement.Implied("head"), null);
        var implied = sources.Any(source => source.Name == "body") ? null : html.Add(SourceElement.Implied("body"), null);
        var all = new List<StyledElement> { html };
        if (implied is not null)
        {
            all.Add(implied);
        }
        var pending = new Stack<(IElement Node, StyledElement Parent)>();
        Push(body, implied ?? html);
        while (pending.TryPop(out var next))
        {
            var source = next.Node.GetAttribute(SafeAttributes.Source) is { } number ? sources[int.Parse(number, CultureInfo.InvariantCulture)] : SourceElement.Implied(next.Node.LocalName);
            var element = next.Parent.Add(source, next.Node);
            all.Add(element);
            Push(next.Node, element);
        }
        return all;

        void Push(IElement parent, StyledElement styled)
        {
            for (var i = parent.ChildNodes.Length - 1; i >= 0; i--)
            {
                if (parent.ChildNodes[i] is IElement child)
                {
                    pending.Push((child, styled));
                }
            }
        }
    }

    private static HtmlSanitizer Configure()
    {
        var sanitizer = new HtmlSanitizer(new HtmlSanitizerOptions
        {
            AllowedTags = new HashSet<string>(HtmlElements.Allowed),
            AllowedAttributes = new HashSet<string>(SafeAttributes.Names),
            AllowedSchemes = new HashSet<string>(["http", "https", "mailto", "tel", "sms", "data"]),
            UriAttributes = new HashSet<string>(["href", "src", SafeAttributes.BlockedSource]),
        });
        sanitizer.FilterUrl += static (_, url) => url.SanitizedUrl = url.Tag.LocalName switch
        {
            "a" or "area" => url.OriginalUrl.StartsWith('#') || url.OriginalUrl.StartsWith(HtmlForm.Srcdoc + "#", StringComparison.Ordinal) ? url.OriginalUrl : SafeUrls.Link(url.OriginalUrl),
            "img" => url.SanitizedUrl,
            _ => null,
        };
        return sanitizer;
    }
}
