namespace ImapGateway.Imap;

/// <content>BODYSTRUCTURE (RFC 3501 section 9, body).</content>
public ref partial struct AnswerScan
{
    private const int MaxDepth = 500;

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
}
