using System.Buffers;
using System.Buffers.Text;

namespace ImapGateway.Imap;

/// <summary>
/// Reads one answer of the server, with its literals, by the grammar of RFC 3501 section 9, and stops where the answer departs from it. Accepts what real servers write differently but without
/// ambiguity: atoms in place of strings, and NIL for a string or for a multipart without parts.
/// </summary>
/// <param name="answer">The line, and after each literal the line that continues it.</param>
public ref partial struct AnswerScan(ReadOnlySpan<byte> answer)
{
    private static readonly SearchValues<byte> AroundFlags = SearchValues.Create("()\"{\r\n"u8);

    private readonly ReadOnlySpan<byte> _answer = answer;

    /// <summary>The position of the octet that is read next.</summary>
    public int At { get; set; }

    private readonly byte Next => At < _answer.Length ? _answer[At] : (byte)0;

    /// <summary>Reads the beginning of the answer, such as "* 12 FETCH (".</summary>
    public bool Opening() => Word("*"u8) && Space() && Number() && Space() && Word("FETCH"u8) && Space() && Word("("u8);

    /// <summary>True at the end of the answer.</summary>
    public readonly bool IsClosing => _answer[At..] is [(byte)')', (byte)'\n'] or [(byte)')', (byte)'\r', (byte)'\n'];

    /// <summary>Reads the name of an item, with its section and its origin.</summary>
    /// <param name="name">The name without section and origin.</param>
    public bool Name(out ReadOnlySpan<byte> name)
    {
        var start = At;
        while (char.IsAsciiLetterOrDigit((char)Next) || Next is (byte)'.' or (byte)'-' or (byte)'_')
        {
            At++;
        }
        name = _answer[start..At];
        if (Next == '[')
        {
            var end = _answer[At..].IndexOf((byte)']');
            if (end < 0 || _answer.Slice(At, end).ContainsAny((byte)'\r', (byte)'\n'))
            {
                return false;
            }
            At += end + 1;
            if (Word("<"u8) && !(Number() && Word(">"u8)))
            {
                return false;
            }
        }
        return !name.IsEmpty;
    }

    public bool Space()
    {
        var start = At;
        while (Next == ' ')
        {
            At++;
        }
        return At > start;
    }

    /// <summary>Reads a number of 32 bits without a sign (RFC 3501).</summary>
    public bool Number()
    {
        if (!char.IsAsciiDigit((char)Next) || !Utf8Parser.TryParse(_answer[At..], out uint _, out var read))
        {
            return false;
        }
        At += read;
        return true;
    }

    /// <summary>Reads a string, an atom, a literal, or a list of these.</summary>
    public bool Value()
    {
        for (var depth = 0; ;)
        {
            if (Word("("u8))
            {
                depth++;
            }
            else if (depth > 0 && Word(")"u8))
            {
                depth--;
            }
            else if (!Text())
            {
                return false;
            }
            if (depth == 0)
            {
                return true;
            }
            Space();
        }
    }

    /// <summary>Reads a list of flags, in which there may be any octets, or another value.</summary>
    public bool Flags()
    {
        var end = Next == '(' ? _answer[(At + 1)..].IndexOfAny(AroundFlags) : -1;
        if (end < 0 || _answer[At + 1 + end] != ')')
        {
            return Value();
        }
        At += end + 2;
        return true;
    }

    private readonly bool IsAtEnd => Next == ')';

    /// <summary>Reads pairs of names and values, or NIL.</summary>
    private bool List()
    {
        if (!Word("("u8))
        {
            return Word("NIL"u8);
        }
        while (!Word(")"u8))
        {
            if (!Text())
            {
                return false;
            }
            Space();
        }
        return true;
    }

    /// <summary>Reads a string, a literal, or an atom such as NIL.</summary>
    private bool Text() => Next switch
    {
        (byte)'"' => Quoted(),
        (byte)'{' => Literal(),
        _ => Atom(),
    };

    private bool Quoted()
    {
        for (At++; At < _answer.Length; At++)
        {
            switch (_answer[At])
            {
                case (byte)'"':
                    At++;
                    // A quotation mark within a string, which should have been escaped, is followed by something else.
                    return Next is (byte)' ' or (byte)')' or (byte)'(' or (byte)'\r' or (byte)'\n';
                case (byte)'\\':
                    At++;
                    break;
                case (byte)'\r' or (byte)'\n':
                    return false;
            }
        }
        return false;
    }

    private bool Literal()
    {
        var end = LiteralAt(_answer[At..], out var length);
        if (end < 0 || length > _answer.Length - At - end)
        {
            return false;
        }
        At += end + length;
        return true;
    }

    private bool Atom()
    {
        var start = At;
        while (Next is > (byte)' ' and not ((byte)'(' or (byte)')' or (byte)'"' or (byte)'{'))
        {
            At++;
        }
        return At > start;
    }

    private bool Word(ReadOnlySpan<byte> word)
    {
        if (!StartsWith(word))
        {
            return false;
        }
        At += word.Length;
        return true;
    }

    private readonly bool StartsWith(ReadOnlySpan<byte> word) => Is(At, word);

    private readonly bool Is(int at, ReadOnlySpan<byte> word) => _answer.Length - at >= word.Length && System.Text.Ascii.EqualsIgnoreCase(_answer.Slice(at, word.Length), word);

    /// <summary>Returns the length of the literal that the line announces at its end; null if it announces none.</summary>
    public static int? LiteralAtEnd(ReadOnlySpan<byte> line)
    {
        var start = line.LastIndexOf((byte)'{');
        return start >= 0 && LiteralAt(line[start..], out var length) == line.Length - start ? length : null;
    }

    /// <summary>Finds the announcement of a literal at the beginning: "{12}" and the end of the line.</summary>
    /// <param name="length">The length of the literal.</param>
    /// <returns>The length of the announcement, or -1 if there is none.</returns>
    public static int LiteralAt(ReadOnlySpan<byte> octets, out int length)
    {
        length = 0;
        if (octets is not [(byte)'{', >= (byte)'0' and <= (byte)'9', ..] || !Utf8Parser.TryParse(octets[1..], out length, out var read))
        {
            return -1;
        }
        var rest = octets[(read + 1)..];
        var at = read + 1;
        foreach (var end in (ReadOnlySpan<byte>)[(byte)'+', (byte)'}', (byte)'\r', (byte)'\n'])
        {
            if (!rest.IsEmpty && rest[0] == end)
            {
                rest = rest[1..];
                at++;
            }
            else if (end is (byte)'}' or (byte)'\n')
            {
                return -1;
            }
        }
        return at;
    }
}
