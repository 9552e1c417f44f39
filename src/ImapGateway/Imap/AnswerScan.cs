using System.Buffers;
using System.Buffers.Text;

namespace ImapGateway.Imap;

/// <summary>
/// Reads one answer of the server, with its literals, by the grammar of RFC 3501 section 9, and stops where the answer departs from it. Accepts what real servers write differently but without
/// ambiguity: atoms in place of strings, and NIL for a string or for a multipart without parts.
/// </summary>
/// <param name="answer">The line, and after each literal the line that continues it.</param>
public ref struct AnswerScan(ReadOnlySpan<byte> answer)
{
    private const int MaxDepth = 500;

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

    /// <summary>Reads the rest of a line of LIST, XLIST or LSUB after that word, to its end (RFC 9051 section 9, mailbox-list).</summary>
    public bool MailboxList()
    {
        if (!Word("("u8))
        {
            return false;
        }
        while (!Word(")"u8))
        {
            if (!Attribute() || Next is not ((byte)' ' or (byte)')'))
            {
                return false;
            }
            Space();
        }
        return Space() && Delimiter() && Space() && Text() && (IsEndOfLine || (Space() && ListExtensions() && IsEndOfLine));
    }

    /// <summary>Reads the rest of a line of STATUS after that word, to its end (RFC 9051 section 9, mailbox-data).</summary>
    public bool Status()
    {
        if (!(Text() && Space() && Word("("u8)))
        {
            return false;
        }
        while (!Word(")"u8))
        {
            if (!(Atom() && Space() && Value()))
            {
                return false;
            }
            Space();
        }
        Space();
        return IsEndOfLine;
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

    /// <summary>Reads a BODYSTRUCTURE, which is body in the grammar.</summary>
    public bool Body(int depth = 0)
    {
        if (depth > MaxDepth || !Word("("u8))
        {
            return false;
        }
        var isMultipart = Next == '(' || StartsWith("NIL \""u8);
        return (isMultipart ? Multipart(depth) : Single(depth)) && Word(")"u8);
    }

    private bool Multipart(int depth)
    {
        if (!Word("NIL"u8))
        {
            while (Next == '(')
            {
                if (!Body(depth + 1))
                {
                    return false;
                }
                Space();
            }
        }
        Space();
        return Text() && (IsAtEnd || (Space() && List() && Extension()));
    }

    private bool Single(int depth)
    {
        var type = At;
        if (!Text() || !Space())
        {
            return false;
        }
        var (isText, isMessage) = (Is(type, "\"TEXT\""u8), Is(type, "\"MESSAGE\""u8));
        var subtype = At;
        if (!Text() || !Space())
        {
            return false;
        }
        isMessage &= Is(subtype, "\"RFC822\""u8);
        // Parameters, id, description, encoding, octets.
        if (!(List() && Space() && Text() && Space() && Text() && Space() && Text() && Space() && Number()))
        {
            return false;
        }
        if (isText && !(Space() && Number()))
        {
            return false;
        }
        // Some servers describe an encoded message as they describe any other part.
        if (isMessage && StartsWith(" ("u8) && !(Space() && Envelope() && Space() && Body(depth + 1) && Space() && Number()))
        {
            return false;
        }
        // MD5, then the extension fields that multiparts have as well.
        return IsAtEnd || (Space() && Text() && Extension());
    }

    /// <summary>Reads the envelope of a nested message. Its fields are text and lists of addresses.</summary>
    private bool Envelope()
    {
        if (!Word("("u8))
        {
            return false;
        }
        while (!Word(")"u8))
        {
            if (Next == '(' ? !Addresses() : !Text())
            {
                return false;
            }
            Space();
        }
        return true;
    }

    /// <summary>
    /// Reads a list of addresses. A group begins with an address without a host, and ends with one that has neither mailbox nor host (RFC 3501 section 7.4.2). Nested groups do not exist (RFC 5322
    /// section 3.4): MailKit would take time in proportion to the square of their number.
    /// </summary>
    private bool Addresses()
    {
        At++;
        for (var isInGroup = false; !Word(")"u8);)
        {
            // Name and route.
            if (!(Word("("u8) && Text() && Space() && Text() && Space()))
            {
                return false;
            }
            var hasMailbox = !StartsWith("NIL"u8);
            if (!(Text() && Space()))
            {
                return false;
            }
            var hasHost = !StartsWith("NIL"u8);
            if (!(Text() && Word(")"u8)) || (hasMailbox && !hasHost && isInGroup))
            {
                return false;
            }
            isInGroup = hasHost ? isInGroup : hasMailbox;
            Space();
        }
        return true;
    }

    private bool Attribute()
    {
        var start = At;
        Word("\\"u8);
        while (Next is > (byte)' ' and < 0x7F and not ((byte)'(' or (byte)')' or (byte)'{' or (byte)'%' or (byte)'*' or (byte)'"' or (byte)'\\' or (byte)'[' or (byte)']'))
        {
            At++;
        }
        return At > start && !_answer[start..At].SequenceEqual("\\"u8) && !(At - start == 3 && Is(start, "NIL"u8));
    }

    /// <summary>Reads NIL or a quoted character.</summary>
    private bool Delimiter() => Word("NIL"u8) || (_answer[At..] is [(byte)'"', (byte)'\\', ..] ? _answer.Length - At > 3 && _answer[At + 3] == '"' : _answer.Length - At > 2 && _answer[At + 2] == '"') && Quoted();

    /// <summary>Reads pairs of a name and a list of strings in brackets.</summary>
    private bool ListExtensions()
    {
        if (!Word("("u8))
        {
            return false;
        }
        while (!Word(")"u8))
        {
            if (!(Text() && Space() && Next == '(' && List()))
            {
                return false;
            }
            Space();
        }
        return true;
    }

    private readonly bool IsEndOfLine => _answer[At..] is [(byte)'\n'] or [(byte)'\r', (byte)'\n'];

    /// <summary>Reads disposition, language, location, and fields that a later standard may define.</summary>
    private bool Extension() =>
        IsAtEnd || (Space() && Disposition() && (IsAtEnd || (Space() && Value() && (IsAtEnd || (Space() && Text() && Rest())))));

    private bool Disposition() => Next != '(' ? Text() : Word("("u8) && Text() && Space() && List() && Word(")"u8);

    private bool Rest()
    {
        while (!IsAtEnd)
        {
            if (!Space() || !Value())
            {
                return false;
            }
        }
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
