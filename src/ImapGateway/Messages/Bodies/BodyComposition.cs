using System.Text;
using ImapGateway.Html;
using ImapGateway.Mail;

namespace ImapGateway.Messages.Bodies;

/// <summary>A decoded part of a message that can be read as text.</summary>
/// <param name="Part">The part with its roles.</param>
/// <param name="Text">The text without transfer encoding and charset.</param>
/// <param name="IsCut">True if the part continues after what was fetched.</param>
public sealed record BodyText(MessagePart Part, string Text, bool IsCut)
{
    public bool IsHtml => Part.ContentType == "text/html";
}

/// <summary>The parts of a body that a client asks for, and their form.</summary>
/// <param name="Text">True for plain text.</param>
/// <param name="Html">True for HTML.</param>
/// <param name="Form">The form in which the HTML is shown.</param>
/// <param name="MaxBytes">The largest number of UTF-8 octets of the text, and of the HTML without what the gateway puts around it.</param>
public readonly record struct BodyRequest(bool Text, bool Html, HtmlForm Form, int MaxBytes);

/// <summary>Composes one text and one HTML from the readable parts of a message (RFC 8621 section 4.1.4, textBody and htmlBody).</summary>
public static class BodyComposition
{
    /// <summary>
    /// Composes the body. Text is derived from HTML parts if a client that asks for text has no other text. A message without any HTML has no HTML; text among HTML parts (the footer of a list)
    /// becomes HTML.
    /// </summary>
    /// <param name="parts">The parts in the order of the message.</param>
    /// <param name="request">The parts of the body to make.</param>
    /// <param name="partUrl">Returns the URL of the part for the URL of a picture in the HTML, or null.</param>
    /// <param name="id">The id of the message. It makes the names in its HTML different from those of other messages on the same page.</param>
    public static MessageBody Compose(IReadOnlyList<BodyText> parts, BodyRequest request, Func<string, string?> partUrl, string id)
    {
        var (text, textCut) = request.Text ? Text(parts, request.MaxBytes) : (null, false);
        var (html, htmlCut) = request.Html ? Html(parts, request, partUrl, id) : (null, false);
        return new MessageBody(text, html, textCut || htmlCut);
    }

    /// <summary>Returns the parts that <see cref="Compose"/> needs, so that no others are fetched.</summary>
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
            // Each part is cleaned by itself: an element that one part leaves open must not enclose the next.
            var safe = SafeHtml.Clean(HtmlOf(part), partUrl, left, request.Form, $"{id}-{part.Part.Part}");
            left -= Encoding.UTF8.GetByteCount(safe.Html) + Encoding.UTF8.GetByteCount(safe.Styles);
            clean.Add(safe);
        }
        var html = request.Form.IsDocument ? HtmlPage.Document(clean, request.Form) : HtmlPage.Contain(string.Concat(clean.Select(part => part.Html)));
        return (html, clean.Exists(part => part.Truncated) || read.Any(part => part.IsCut));
    }

    private static string HtmlOf(BodyText part) => part.IsHtml ? part.Text : Preformatted(part.Text);

    private static string Preformatted(string text) => $"<div style=\"white-space:pre-wrap\">{HtmlRewriter.Escape(Lines(text))}</div>";

    /// <summary>Makes \n the only line end, and removes characters that JSON and clients cannot show, and control characters that terminals obey.</summary>
    private static string Lines(string text) => string.Concat(
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Where(c => !char.IsControl(c) || c is '\n' or '\t')).TrimEnd('\n');
}
