namespace ImapGateway.Messages.Bodies.Css;

/// <summary>Finds positions in CSS (CSS Syntax Level 3) in one pass. Strings, comments and brackets are skipped as wholes. It never fails: whatever is not closed ends with the text.</summary>
public static class CssText
{
    /// <summary>Returns the position of the first of <paramref name="ends"/> that is not in a string, comment or bracket, or the length of the text if there is none.</summary>
    public static int Find(string text, int start, string ends)
    {
        var depth = 0;
        for (var at = start; at < text.Length; at++)
        {
            var c = text[at];
            if (depth == 0 && ends.Contains(c, StringComparison.Ordinal))
            {
                return at;
            }
            switch (c)
            {
                case '"' or '\'':
                    at = EndOfString(text, at);
                    break;
                case '/' when at + 1 < text.Length && text[at + 1] == '*':
                    at = EndOfComment(text, at);
                    break;
                case '\\':
                    at++;
                    break;
                case '(' or '[' or '{':
                    depth++;
                    break;
                case ')' or ']' or '}':
                    depth = Math.Max(0, depth - 1);
                    break;
            }
        }
        return text.Length;
    }

    /// <summary>Returns the pieces between separators that are not in a string, comment or bracket.</summary>
    public static IEnumerable<string> Split(string text, char separator)
    {
        for (var start = 0; start <= text.Length;)
        {
            var end = Find(text, start, separator.ToString());
            yield return text[start..end];
            start = end + 1;
        }
    }

    /// <summary>Removes comments. Each of them separates tokens as a blank does.</summary>
    public static string WithoutComments(string text)
    {
        if (!text.Contains("/*", StringComparison.Ordinal))
        {
            return text;
        }
        var clean = new System.Text.StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is '"' or '\'')
            {
                var end = Math.Min(EndOfString(text, at), text.Length - 1);
                clean.Append(text, at, end + 1 - at);
                at = end;
            }
            else if (text[at] == '/' && at + 1 < text.Length && text[at + 1] == '*')
            {
                clean.Append(' ');
                at = EndOfComment(text, at);
            }
            else
            {
                clean.Append(text[at]);
            }
        }
        return clean.ToString();
    }

    /// <summary>Returns the position of the last character of a string: the closing quotation mark, or the end of the line.</summary>
    private static int EndOfString(string text, int start)
    {
        for (var at = start + 1; at < text.Length; at++)
        {
            if (text[at] == text[start] || text[at] is '\n' or '\r' or '\f')
            {
                return at;
            }
            at += text[at] == '\\' ? 1 : 0;
        }
        return text.Length;
    }

    private static int EndOfComment(string text, int start)
    {
        var end = text.IndexOf("*/", start + 2, StringComparison.Ordinal);
        return end < 0 ? text.Length : end + 1;
    }
}
