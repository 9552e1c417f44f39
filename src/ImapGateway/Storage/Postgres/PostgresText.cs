using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace ImapGateway.Storage.Postgres;

/// <summary>
/// Converts text to the form that PostgreSQL can store. It stores neither NUL nor half a surrogate pair, and clients and mail servers send both: a mailbox named "&amp;AAA-"
/// would otherwise prevent its account from being stored. Such characters are stored as U+FFFF, which is not a character, and four hex digits.
/// </summary>
internal sealed class PostgresText() : ValueConverter<string, string>(text => Escape(text), stored => Unescape(stored))
{
    private const char Mark = '\uFFFF';
    private const int Digits = 4;

    public static string Escape(string text)
    {
        StringBuilder? escaped = null;
        for (var i = 0; i < text.Length; i++)
        {
            if (IsKept(text, i))
            {
                escaped?.Append(text[i]);
            }
            else
            {
                escaped ??= new StringBuilder(text, 0, i, text.Length + Digits);
                escaped.Append(Mark).Append(((int)text[i]).ToString("x4", CultureInfo.InvariantCulture));
            }
        }
        return escaped?.ToString() ?? text;
    }

    private static bool IsKept(string text, int i) =>
        text[i] is not ('\0' or Mark)
        && (!char.IsHighSurrogate(text[i]) || (i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])))
        && (!char.IsLowSurrogate(text[i]) || (i > 0 && char.IsHighSurrogate(text[i - 1])));

    public static string Unescape(string stored)
    {
        if (!stored.Contains(Mark, StringComparison.Ordinal))
        {
            return stored;
        }
        var text = new StringBuilder(stored.Length);
        for (var i = 0; i < stored.Length; i++)
        {
            if (stored[i] == Mark)
            {
                text.Append((char)ushort.Parse(stored.AsSpan(i + 1, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += Digits;
            }
            else
            {
                text.Append(stored[i]);
            }
        }
        return text.ToString();
    }
}
