using System.Text;
using ImapGateway.Html;
using ImapGateway.Mail;

namespace ImapGateway.Messages.Bodies;

/// <summary>A part that is read, decoded.</summary>
/// <param name="Part">With its roles.</param>
/// <param name="Text">Transfer encoding and charset removed.</param>
/// <param name="IsCut">The part goes on behind what was fetched.</param>
public sealed record BodyText(MessagePart Part, string Text, bool IsCut)
{
    public bool IsHtml => Part.ContentType == "text/html";
}

/// <summary>What of a body was asked for.</summary>
/// <param name="Text">Plain text.</param>
/// <param name="Html">HTML.</param>
/// <param name="Form">In which form the HTML is shown.</param>
/// <param name="MaxBytes">UTF-8 octets of the text, and of the HTML without what the gateway puts around it.</param>
public readonly record struct BodyRequest(bool Text, bool Html, HtmlForm Form, int MaxBytes);

/// <summary>The readable parts of a message as one text and one HTML (RFC 8621 section 4.1.4, textBody and htmlBody).</summary>
public static class BodyComposition
{
    /// <summary>
    /// Text is derived from HTML parts where these are what a reader of text gets. A message without any HTML has no HTML; text among HTML parts (the footer of a list)
    /// becomes HTML.
    /// </summary>
    /// <param name="parts">In the order of the message.</param>
    /// <param name="request">What to make.</param>
    /// <param name="partUrl">From the URL of a picture in the HTML to the URL of that part, or null.</param>
    /// <param name="id">Of the message: what tells its names from those of others on the same page.</param>
    public static MessageBody Compose(IReadOnlyList<BodyText> parts, BodyRequest request, Func<string, string?> partUrl, string id)
    {
        var (text, textCut) = request.Text ? Text(parts, request.MaxBytes) : (null, false);
        var (html, htmlCut) = request.Html ? Html(parts, request, partUrl, id) : (null, false);
        return new MessageBody(text, html, textCut || htmlCut);
    }

    /// <summary>The parts that <see cref="Compose"/> will want, so that no others are fetched.</summary>
    public static IEnumerable<MessagePart> Needed(IEnumerable<MessagePart> parts, bool text, bool html) => parts.Where(part => (text && part.InText) || (html && part.InHtml));

    private static (string? Text, bool Cut) Text(IReadOnlyList<BodyText> parts, int maxBytes)
    {
        var read = parts.Where(part => part.Part.InText).ToList();
        read = read.Count > 0 ? read : [.. parts.Where(part => part.Part.InHtml)];
        if (read.Count == 0)
        {
            return (null, false);
        }
        var pieces = read.Select(part => part.IsHtml ? PlainText.FromHtml(part.Text) : Lines(part.Text));
        var text = Utf8Length.Cut(string.Join("\n\n", pieces.Where(piece => piece.Length > 0)), maxBytes, out var cut);
        return (text, cut || read.Any(part => part.IsCut));
    }

    private static (string? Html, bool Cut) Html(IReadOnlyList<BodyText> parts, BodyRequest request, Func<string, string?> partUrl, string id)
    {
        var read = parts.Where(part => part.Part.InHtml).ToList();
        if (!read.Any(part => part.IsHtml))
        {
            return (null, false);
        }
        if (request.Form.IsRaw)
        {
            var raw = Utf8Length.Cut(string.Concat(read.Select(HtmlOf)), request.MaxBytes, out var rawCut);
            return (raw, rawCut || read.Any(part => part.IsCut));
        }
        List<CleanHtml> clean = [];
        var left = request.MaxBytes;
        foreach (var part in read)
        {
            // Each by itself: what one leaves open must not swallow the next.
            var safe = SafeHtml.Clean(HtmlOf(part), partUrl, left, request.Form, $"{id}-{part.Part.Part}");
            left -= Encoding.UTF8.GetByteCount(safe.Html) + Encoding.UTF8.GetByteCount(safe.Styles);
            clean.Add(safe);
        }
        var html = request.Form.IsDocument ? HtmlPage.Document(clean, request.Form) : HtmlPage.Contain(string.Concat(clean.Select(part => part.Html)));
        return (html, clean.Exists(part => part.Truncated) || read.Any(part => part.IsCut));
    }

    private static string HtmlOf(BodyText part) => part.IsHtml ? part.Text : Preformatted(part.Text);

    private static string Preformatted(string text) => $"<div style=\"white-space:pre-wrap\">{HtmlRewriter.Escape(Lines(text))}</div>";

    /// <summary>With \n as the only line end, without what JSON and readers cannot show, and what terminals obey.</summary>
    private static string Lines(string text) => string.Concat(
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Where(c => !char.IsControl(c) || c is '\n' or '\t')).TrimEnd('\n');
}
