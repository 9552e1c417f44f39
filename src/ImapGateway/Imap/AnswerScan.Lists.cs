namespace ImapGateway.Imap;

/// <content>Lines of LIST and STATUS.</content>
public ref partial struct AnswerScan
{
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
}
