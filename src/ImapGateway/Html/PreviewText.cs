using System.Text;

namespace ImapGateway.Html;

/// <summary>Makes the beginning of a message's text that a list shows beneath the subject: one line, without quotes, signature, rules and padding.</summary>
public static class PreviewText
{
    /// <summary>The maximum number of characters (UTF-16 code units).</summary>
    public const int MaxLength = 200;

    /// <summary>The maximum number of characters of readable text that are searched. Later text is no beginning.</summary>
    private const int MostText = 16 * 1024;

    public static string OfHtml(string html) => Of(PlainText.FromHtml(html, MostText), isMadeOfHtml: true);

    /// <summary>Returns the preview of a plain text. If there is nothing but quotes, it is made of them.</summary>
    /// <param name="text">The plain text.</param>
    /// <param name="isMadeOfHtml">True if <see cref="PlainText"/> made the text: the targets of links are left out.</param>
    public static string Of(string text, bool isMadeOfHtml = false)
    {
        var lines = text.AsSpan(0, Math.Min(text.Length, MostText)).ToString().ReplaceLineEndings("\n").Split('\n');
        var own = new StringBuilder();
        for (var at = 0; at < lines.Length && own.Length < 2 * MaxLength; at++)
        {
            if (lines[at] is "-- " or "--")
            {
                break;
            }
            if (!IsQuote(lines[at]) && !IsRule(lines[at]) && !IntroducesQuote(lines, at))
            {
                Append(own, lines[at], isMadeOfHtml);
            }
        }
        if (own.Length == 0)
        {
            foreach (var line in lines.Where(IsQuote).TakeWhile(_ => own.Length < 2 * MaxLength))
            {
                Append(own, line.TrimStart('>', ' ', '\t'), isMadeOfHtml);
            }
        }
        return Cut(own.ToString());
    }

    /// <summary>Reduces text from another source to one line, no longer than <see cref="MaxLength"/>.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder();
        Append(line, text, isMadeOfHtml: false);
        return Cut(line.ToString());
    }

    private static bool IsQuote(string line) => line.TrimStart().StartsWith('>');

    private static bool IsRule(string line) => line.Length >= 3 && !line.Any(char.IsLetterOrDigit) && line.All(c => char.IsWhiteSpace(c) || c is '-' or '_' or '=' or '*' or '~' or '#' or '.' or '+' or '\u2500' or '\u2550');

    /// <summary>True for "On Monday Anna wrote:", on one line or two, followed by the quote.</summary>
    private static bool IntroducesQuote(string[] lines, int at)
    {
        var next = at + 1;
        if (!lines[at].TrimEnd().EndsWith(':') && next < lines.Length && lines[next].TrimEnd().EndsWith(':') && lines[at].Trim().Length > 0)
        {
            next++;
        }
        else if (!lines[at].TrimEnd().EndsWith(':'))
        {
            return false;
        }
        while (next < lines.Length && string.IsNullOrWhiteSpace(lines[next]))
        {
            next++;
        }
        return next < lines.Length && IsQuote(lines[next]);
    }

    private static void Append(StringBuilder output, string line, bool isMadeOfHtml)
    {
        var blank = output.Length > 0;
        for (var at = 0; at < line.Length; at++)
        {
            var c = line[at];
            if (isMadeOfHtml && c == '<' && line.IndexOf('>', at) is > 0 and var end && SafeUrls.Link(line[(at + 1)..end]) is not null)
            {
                at = end;
            }
            else if (char.IsWhiteSpace(c) || char.IsControl(c))
            {
                blank = output.Length > 0;
            }
            else if (!IsPadding(c) && !(c is '\u200C' or '\u200D' && (blank || output.Length == 0)))
            {
                output.Append(blank ? " " : "").Append(c);
                blank = false;
            }
        }
    }

    /// <summary>True for invisible characters, with which senders fill previews. Joiners stay where they join something: scripts and emoji need them.</summary>
    private static bool IsPadding(char c) => c is '\u00AD' or '\u034F' or '\u061C' or '\u115F' or '\u1160' or '\u17B4' or '\u17B5' or '\u180E' or '\u200B' or '\u200E' or '\u200F'
        or (>= '\u202A' and <= '\u202E') or (>= '\u2060' and <= '\u206F') or '\u2800' or '\u3164' or '\uFEFF' or '\uFFA0' or '\uFFFC' or '\uFFFD';

    /// <summary>Cuts the text, but never in the middle of a character.</summary>
    private static string Cut(string text)
    {
        var whole = text.Length <= MaxLength ? text : text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)];
        var clean = new StringBuilder(whole.Length);
        foreach (var rune in whole.EnumerateRunes())
        {
            if (rune != Rune.ReplacementChar)
            {
                clean.Append(rune);
            }
        }
        return clean.ToString().TrimEnd();
    }
}
