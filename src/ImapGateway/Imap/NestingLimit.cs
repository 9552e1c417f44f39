namespace ImapGateway.Imap;

/// <summary>
/// Watches what a mail server sends for brackets in brackets. MailKit parses BODYSTRUCTURE by recursion: 5,000 levels overflow the stack, which ends the process and
/// every account in it. Lines stand alone, except that literals (RFC 3501 section 4.3) of data belong to their line and are not looked into.
/// </summary>
public sealed class NestingLimit(int maxDepth = NestingLimit.Default)
{
    /// <summary>Servers give up at a few hundred; MailKit lives with 1,000.</summary>
    public const int Default = 500;

    private const int MaxStart = 4;

    private readonly byte[] _start = new byte[MaxStart];
    private int _startLength;
    private int _depth;
    private long _literal;
    private long _announced = -1;
    private bool _isAnnouncing;
    private bool _isQuoted;
    private bool _isEscaped;

    /// <summary>Octets that belong to a literal before the next line of the server's own words.</summary>
    public long LiteralLeft => _literal;

    /// <summary>True where the octets, which follow those of the call before, go too deep: the connection must be closed before a parser sees them.</summary>
    public bool IsExceeded(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (_literal > 0)
            {
                var skipped = (int)Math.Min(_literal, octets.Length);
                _literal -= skipped;
                octets = octets[skipped..];
                continue;
            }
            Read(octets[0]);
            octets = octets[1..];
            if (_depth > maxDepth)
            {
                return true;
            }
        }
        return false;
    }

    private void Read(byte octet)
    {
        if (octet == (byte)'\n')
        {
            EndLine();
            return;
        }
        if (_startLength < MaxStart)
        {
            _start[_startLength++] = octet;
        }
        if (_isQuoted)
        {
            _isQuoted = _isEscaped || octet != (byte)'"';
            _isEscaped = !_isEscaped && octet == (byte)'\\';
            return;
        }
        Announce(octet);
        _isQuoted = octet == (byte)'"';
        _depth += octet == (byte)'(' ? 1 : octet == (byte)')' && _depth > 0 ? -1 : 0;
    }

    /// <summary>"{123}" or "{123+}" at the end of a line.</summary>
    private void Announce(byte octet)
    {
        if (octet == (byte)'{')
        {
            (_announced, _isAnnouncing) = (0, true);
        }
        else if (_isAnnouncing && octet is >= (byte)'0' and <= (byte)'9')
        {
            _announced = Math.Min(uint.MaxValue, _announced * 10 + octet - '0');
        }
        else if (octet is not ((byte)'}' or (byte)'+' or (byte)'\r'))
        {
            (_announced, _isAnnouncing) = (-1, false);
        }
    }

    private void EndLine()
    {
        // Only data about a message has literals worth passing over: in the text of "* OK" the same signs mean nothing, and would hide what comes next.
        var hasLiteral = _announced >= 0 && !_isQuoted && _start is [(byte)'*', (byte)' ', >= (byte)'0' and <= (byte)'9', ..];
        _literal = hasLiteral ? _announced : 0;
        (_announced, _isAnnouncing, _isQuoted, _isEscaped) = (-1, false, false, false);
        if (!hasLiteral)
        {
            (_depth, _startLength) = (0, 0);
            _start.AsSpan().Clear();
        }
    }
}
