using System.Globalization;
using System.Text;

namespace ImapGateway.Html;

/// <summary>Writes plain text: collapses blanks, keeps at most one empty line, begins lines with their quote marks and indents.</summary>
public sealed class PlainTextWriter
{
    private const int MaxQuotes = 20;
    private const int MaxLists = 10;
    private const string RuleLine = "----------";

    private readonly StringBuilder _output = new();
    private readonly List<int> _lists = [];
    private readonly StringBuilder _linkText = new();
    private int _newlines;
    private bool _blank;
    private int _quotes;
    private int _quotesOfGap;
    private int _preformatted;
    private string? _marker;
    private string? _href;

    public int Length => _output.Length;

    public void Write(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                // Padding of preview texts.
                case 0x200B or 0xFEFF or 0x00AD or 0x034F:
                    break;
                case '\n' when _preformatted > 0:
                    Break();
                    break;
                case ' ' or '\t' when _preformatted > 0:
                    Append(" ");
                    break;
                case ' ' or '\t' or '\n' or '\r' or '\f' or 0xA0:
                    _blank = true;
                    break;
                case < ' ' or (>= 0x7F and < 0xA0):
                    break;
                default:
                    Append(rune.ToString());
                    break;
            }
        }
    }

    /// <summary>Begins a new line before the next text.</summary>
    public void Line() => _newlines = Math.Max(_newlines, 1);

    /// <summary>Begins a new paragraph: an empty line before the next text.</summary>
    public void Paragraph() => _newlines = Math.Max(_newlines, 2);

    public void Break()
    {
        _newlines = Math.Min(_newlines + 1, 2);
        _blank = false;
    }

    public void Rule()
    {
        Line();
        Write(RuleLine);
        Line();
    }

    public void Cell() => _blank = true;

    public void Quote(bool isEnd)
    {
        Paragraph();
        _quotes = Math.Clamp(_quotes + (isEnd ? -1 : 1), 0, MaxQuotes);
        _quotesOfGap = Math.Min(_quotesOfGap, _quotes);
    }

    public void Preformatted(bool isEnd)
    {
        Paragraph();
        _preformatted = Math.Max(0, _preformatted + (isEnd ? -1 : 1));
    }

    public void List(bool isEnd, bool isOrdered)
    {
        if (isEnd)
        {
            _lists.RemoveRange(Math.Max(0, _lists.Count - 1), Math.Min(1, _lists.Count));
        }
        else if (_lists.Count < MaxLists)
        {
            _lists.Add(isOrdered ? 1 : 0);
        }
        _newlines = Math.Max(_newlines, _lists.Count > (isEnd ? 0 : 1) ? 1 : 2);
        _marker = null;
    }

    public void Item(bool isEnd)
    {
        Line();
        _marker = isEnd ? null : Marker();
    }

    /// <summary>Begins a new link, or ends one (null). At its end the target follows unless the link text shows it.</summary>
    public void Link(string? href)
    {
        if (_href is { } open && _linkText.ToString().Trim() is { Length: > 0 } text)
        {
            var target = open.StartsWith("http", StringComparison.OrdinalIgnoreCase) ? open : open[(open.IndexOf(':') + 1)..];
            if (!Says(text, target))
            {
                _output.Append(" <").Append(target).Append('>');
            }
        }
        _href = href;
        _linkText.Clear();
    }

    public string Finish()
    {
        Link(null);
        return _output.ToString().TrimStart('\n').TrimEnd('\n', ' ');
    }

    private static bool Says(string text, string target) =>
        target.TrimEnd('/').EndsWith(text.TrimEnd('/'), StringComparison.OrdinalIgnoreCase) && text.Length * 2 > target.Length;

    private string? Marker()
    {
        if (_lists.Count == 0)
        {
            return "- ";
        }
        var number = _lists[^1];
        _lists[^1] = number == 0 ? 0 : number + 1;
        return number == 0 ? "- " : number.ToString(CultureInfo.InvariantCulture) + ". ";
    }

    private void Append(string text)
    {
        if (_newlines > 0 || _output.Length == 0)
        {
            EndLines();
            Prefix();
        }
        else if (_blank)
        {
            _output.Append(' ');
        }
        if (_href is not null)
        {
            _linkText.Append(_blank ? " " : "").Append(text);
        }
        _blank = false;
        _output.Append(text);
    }

    /// <summary>Ends the lines. An empty line between two quotes belongs to the lesser of both.</summary>
    private void EndLines()
    {
        for (; _newlines > 0 && _output.Length > 0; _newlines--)
        {
            _output.Append('\n').Append('>', _newlines > 1 ? _quotesOfGap : 0);
        }
        _newlines = 0;
        _quotesOfGap = _quotes;
    }

    private void Prefix()
    {
        _output.Append('>', _quotes).Append(_quotes > 0 ? " " : "");
        var indent = 2 * Math.Max(0, _lists.Count - 1);
        _output.Append(' ', indent + (_marker is null && _lists.Count > 0 ? 2 : 0)).Append(_marker);
        _marker = null;
    }
}
