using System.Text;
using ImapGateway.Html;
using MimeKit.Text;

namespace ImapGateway.Messages.Bodies;

/// <summary>
/// Rewrites any HTML as well-nested HTML of known elements, in one pass without a tree: tree builders need quadratic time for deep nesting, gigabytes for misnested formatting,
/// and their recursion ends the process.
/// </summary>
/// <param name="attributes">Returns the attributes to write for an element; in trusted HTML those it has.</param>
/// <param name="maxBytes">The largest number of UTF-8 octets of the result, end tags included; what does not fit is left out.</param>
/// <param name="body">The element that a body becomes.</param>
public sealed class HtmlRewriter(Func<HtmlTagToken, string, IEnumerable<KeyValuePair<string, string>>> attributes, int maxBytes, string body = "div")
{
    /// <summary>The largest depth of nested elements; of deeper ones only the text stays.</summary>
    public const int MaxDepth = 128;

    /// <summary>The largest cost of a tree, which grows with the number of elements and their depth. It is enough for 40,000 cells of a report, or 7,000 elements at the bottom.</summary>
    private const int MaxWork = 1_000_000;
    private const int WorkPerElement = 20;
    private const int MaxFormatting = 12;

    private readonly StringBuilder _output = new();
    private readonly List<string> _open = [];
    private int _bytes;
    private int _closing;
    private int _work;
    private int _formatting;
    private readonly DroppedContent _dropped = new();

    /// <summary>True if something was left out because of the length.</summary>
    public bool Truncated { get; private set; }

    public string Rewrite(string html)
    {
        var tokenizer = new HtmlTokenizer(new StringReader(html)) { DecodeCharacterReferences = true, IgnoreTruncatedTags = true };
        while (!Truncated && tokenizer.ReadNextToken(out var token))
        {
            switch (token)
            {
                case HtmlTagToken tag:
                    Tag(tag, tag.Name.ToLowerInvariant());
                    break;
                case HtmlDataToken data when data.Kind != HtmlTokenKind.ScriptData && _dropped.Element is null:
                    Text(data.Data);
                    break;
            }
        }
        Close(_open.Count);
        return _output.ToString();
    }

    private void Tag(HtmlTagToken tag, string name)
    {
        if (_dropped.Swallows(tag, name))
        {
            return;
        }
        // The body's colours belong to its text: white text without its background would be unreadable.
        name = name == "body" ? body : name;
        if (HtmlElements.Allowed.Contains(name))
        {
            if (!tag.IsEndTag)
            {
                Start(tag, name);
            }
            else if (!HtmlElements.Void.Contains(name))
            {
                Close(HtmlElements.EndedBy(name, _open));
            }
        }
    }

    private void Start(HtmlTagToken tag, string name)
    {
        _work += WorkPerElement + _open.Count;
        if (_work > MaxWork)
        {
            Truncated = true;
            return;
        }
        Close(HtmlElements.ClosedBy(name, _open));
        var isVoid = HtmlElements.Void.Contains(name);
        var isFormatting = HtmlElements.Formatting.Contains(name);
        if (_open.Count >= MaxDepth || (isFormatting && _formatting >= MaxFormatting))
        {
            return;
        }
        var markup = new StringBuilder().Append('<').Append(name);
        foreach (var (key, value) in attributes(tag, name))
        {
            markup.Append(' ').Append(key).Append("=\"").Append(Escape(value)).Append('"');
        }
        var written = markup.Append('>').ToString();
        var end = isVoid ? 0 : name.Length + 3;
        if (!Write(written, end))
        {
            Truncated = true;
        }
        else if (!isVoid)
        {
            _open.Add(name);
            _closing += end;
            _formatting += isFormatting ? 1 : 0;
        }
    }

    private void Close(int count)
    {
        for (; count > 0; count--)
        {
            var name = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            _output.Append("</").Append(name).Append('>');
            _bytes += name.Length + 3;
            _closing -= name.Length + 3;
            _formatting -= HtmlElements.Formatting.Contains(name) ? 1 : 0;
        }
    }

    private void Text(string text)
    {
        var escaped = Escape(text);
        if (Write(escaped, 0))
        {
            return;
        }
        // As much of the text as fits is written, and no half of an entity.
        Truncated = true;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Write(Escape(rune.ToString()), 0))
            {
                break;
            }
        }
    }

    private bool Write(string markup, int reserved)
    {
        var bytes = Encoding.UTF8.GetByteCount(markup);
        if (_bytes + _closing + bytes + reserved > maxBytes)
        {
            return false;
        }
        _output.Append(markup);
        _bytes += bytes;
        return true;
    }

    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\r' => escaped,
                '\t' or '\n' => escaped.Append((char)rune.Value),
                < ' ' or (>= 0x7F and <= 0x9F) or 0xFFFE or 0xFFFF => escaped,
                _ => escaped.Append(rune.ToString()),
            };
        }
        return escaped.ToString();
    }
}
