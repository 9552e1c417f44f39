namespace ImapGateway.Imap;

internal enum AddressTokenKind
{
    Blank,
    Word,
    Quoted,
    EncodedWord,
    Comment,
    Bracketed,
    Comma,
    Semicolon,
    Colon,
}

/// <summary>A piece of an address list.</summary>
/// <param name="From">The start in the text. A token of kind <see cref="AddressTokenKind.Bracketed"/> starts behind the bracket.</param>
/// <param name="To">The end in the text. A token of kind <see cref="AddressTokenKind.Bracketed"/> ends before the closing bracket, or at the end of the content if there is no closing bracket.</param>
internal readonly record struct AddressToken(AddressTokenKind Kind, int From, int To);

/// <summary>Splits an address list into tokens, in time that grows linearly with its length. All of the text is in some token, except for angle brackets.</summary>
internal sealed class AddressTokens
{
    /// <summary>The longest address literal (RFC 5321 section 4.1.3), which is an IP address.</summary>
    private const int MaxLiteral = 64;

    private readonly List<AddressToken> _tokens = [];
    private readonly bool[] _closesGroup;

    private AddressTokens(string text)
    {
        HasQuotes = CountQuotes(text) % 2 == 0;
        var comments = Comments(text);
        for (var at = 0; at < text.Length;)
        {
            at = Add(text, at, comments);
        }
        _closesGroup = FindGroups();
    }

    public int Count => _tokens.Count;

    /// <summary>False if a quotation mark is missing. Quotation marks have no meaning then.</summary>
    public bool HasQuotes { get; }

    public AddressToken this[int index] => _tokens[index];

    public static AddressTokens Of(string text) => new(text);

    /// <summary>True if the colon belongs to a group. The next semicolon then ends an entry and does not stand for a comma.</summary>
    public bool IsGroup(int colon) => _closesGroup[colon];

    public bool All(int first, int end, params ReadOnlySpan<AddressTokenKind> kinds)
    {
        for (var at = first; at < end; at++)
        {
            if (!kinds.Contains(_tokens[at].Kind))
            {
                return false;
            }
        }
        return true;
    }

    public bool Any(int first, int end, params ReadOnlySpan<AddressTokenKind> kinds)
    {
        for (var at = first; at < end; at++)
        {
            if (kinds.Contains(_tokens[at].Kind))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>True if the tokens end with a colon: a group that has no members, and whose semicolon is missing.</summary>
    public bool EndsWithColon(int first, int end)
    {
        while (end > first && _tokens[end - 1].Kind is AddressTokenKind.Blank or AddressTokenKind.Comment)
        {
            end--;
        }
        return end > first && _tokens[end - 1].Kind == AddressTokenKind.Colon;
    }

    private int Add(string text, int at, int[] comments)
    {
        switch (text[at])
        {
            case ',':
                return Add(AddressTokenKind.Comma, at, at + 1);
            case ';':
                return Add(AddressTokenKind.Semicolon, at, at + 1);
            case ':':
                return Add(AddressTokenKind.Colon, at, at + 1);
            case '"' when HasQuotes:
                return Add(AddressTokenKind.Quoted, at, EndOfQuoted(text, at));
            case '(' when comments[at] > 0:
                return Add(AddressTokenKind.Comment, at, comments[at] + 1);
            case '<':
                return AddBracketed(text, at);
            case '=' when EndOfEncodedWord(text, at) is { } end:
                return Add(AddressTokenKind.EncodedWord, at, end);
            case var blank when IsBlank(blank):
                var behind = at + 1;
                while (behind < text.Length && IsBlank(text[behind]))
                {
                    behind++;
                }
                return Add(AddressTokenKind.Blank, at, behind);
            default:
                return Add(AddressTokenKind.Word, at, EndOfWord(text, at, comments));
        }
    }

    private int Add(AddressTokenKind kind, int from, int to)
    {
        _tokens.Add(new AddressToken(kind, from, to));
        return to;
    }

    private int AddBracketed(string text, int at)
    {
        while (at < text.Length && (text[at] == '<' || IsBlank(text[at])))
        {
            at++;
        }
        // A quoted local part may contain a bracket.
        var search = HasQuotes && at < text.Length && text[at] == '"' ? EndOfQuoted(text, at) : at;
        var close = text.AsSpan(search).IndexOfAny('<', '>') is >= 0 and var found ? search + found : text.Length;
        if (close < text.Length && text[close] == '>')
        {
            Add(AddressTokenKind.Bracketed, at, close);
            while (close < text.Length && text[close] == '>')
            {
                close++;
            }
            return close;
        }
        var separator = text.AsSpan(search, close - search).IndexOfAny(',', ';');
        return Add(AddressTokenKind.Bracketed, at, separator < 0 ? close : search + separator);
    }

    private int EndOfWord(string text, int at, int[] comments)
    {
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '[' && text[at - 1] == '@' && text.AsSpan(at, Math.Min(MaxLiteral, text.Length - at)).IndexOf(']') is > 0 and var length && text.AsSpan(at, length).IndexOfAny("<>,; ") < 0)
            {
                at += length;
                continue;
            }
            var ends = text[at] is ',' or ';' or ':' or '<' || IsBlank(text[at]) || (text[at] == '"' && HasQuotes) || (text[at] == '(' && comments[at] > 0)
                || (text[at] == '=' && EndOfEncodedWord(text, at) is not null);
            if (ends)
            {
                break;
            }
        }
        return at;
    }

    /// <summary>Finds the end of an encoded word. Brackets and quotation marks keep their meaning inside text that looks like an encoded word.</summary>
    private static int? EndOfEncodedWord(string text, int at) =>
        EncodedWords.EndOf(text, at) is { } end && text.AsSpan(at, end - at).IndexOfAny('<', '>', '"') < 0 ? end : null;

    private static int EndOfQuoted(string text, int at)
    {
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
        }
        return Math.Min(at + 1, text.Length);
    }

    private static int CountQuotes(string text)
    {
        var quotes = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                quotes++;
            }
            else if (text[at] == '\\' && quotes % 2 == 1)
            {
                at++;
            }
        }
        return quotes;
    }

    /// <summary>Computes for each position the end of the comment that begins there, or 0 if none does.</summary>
    private static int[] Comments(string text)
    {
        var ends = new int[text.Length];
        var open = new Stack<int>();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == '(')
            {
                open.Push(at);
            }
            else if (text[at] == ')' && open.TryPop(out var start))
            {
                ends[start] = at;
            }
        }
        return ends;
    }

    private bool[] FindGroups()
    {
        var groups = new bool[_tokens.Count];
        var closes = false;
        var endsEntry = true;
        for (var at = _tokens.Count - 1; at >= 0; at--)
        {
            switch (_tokens[at].Kind)
            {
                case AddressTokenKind.Semicolon:
                    closes = endsEntry;
                    endsEntry = true;
                    break;
                case AddressTokenKind.Comma:
                    endsEntry = true;
                    break;
                case AddressTokenKind.Colon:
                    groups[at] = closes;
                    endsEntry = false;
                    break;
                case AddressTokenKind.Blank or AddressTokenKind.Comment:
                    break;
                default:
                    endsEntry = false;
                    break;
            }
        }
        return groups;
    }

    private static bool IsBlank(char character) => char.IsWhiteSpace(character) || char.IsControl(character);
}
