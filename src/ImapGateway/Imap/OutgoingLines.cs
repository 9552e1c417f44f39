using System.Globalization;

namespace ImapGateway.Imap;

/// <summary>
/// Checks the octets that are about to be sent to an IMAP server, whichever code has composed them. A line contains nothing but printable ASCII and ends with CRLF, a literal has as many octets as
/// it says, and after the end of a line nothing more is sent before the server has answered. Therefore text that breaks out of its place in a command never becomes a command of its own. Each
/// connection has one instance.
/// </summary>
public sealed class OutgoingLines
{
    /// <summary>The number of octets to keep from the end of a line: the longest announcement of a literal, "{18446744073709551615+}".</summary>
    private const int TailLength = 24;

    private readonly byte[] _tail = new byte[TailLength];
    private int _tailUsed;
    private long _literalLeft;
    private bool _carriageReturn;
    private volatile bool _awaitsServer;

    /// <summary>True if the next octet is the first of a line.</summary>
    public bool IsAtStart { get; private set; } = true;

    /// <summary>True if nothing stands in the line that was sent last.</summary>
    public bool IsEmptyLine { get; private set; }

    /// <summary>Records that the server has sent something: the next line, or the announced literal, may follow.</summary>
    public void ServerSpoke() => _awaitsServer = false;

    /// <returns>False if the octets must not be sent. The octets sent before are an unfinished line, which no server acts on.</returns>
    public bool Admit(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (_awaitsServer)
            {
                return false;
            }
            if (_literalLeft > 0)
            {
                var length = (int)Math.Min(_literalLeft, octets.Length);
                _literalLeft -= length;
                octets = octets[length..];
                continue;
            }
            if (!AdmitInLine(octets[0]))
            {
                return false;
            }
            octets = octets[1..];
        }
        return true;
    }

    private bool AdmitInLine(byte octet)
    {
        if (_carriageReturn)
        {
            _carriageReturn = false;
            return octet == '\n' && EndLine();
        }
        IsEmptyLine = IsAtStart ? octet == '\r' : IsEmptyLine;
        IsAtStart = false;
        if (octet == '\r')
        {
            _carriageReturn = true;
            return true;
        }
        if (_tailUsed == TailLength)
        {
            _tail.AsSpan(1).CopyTo(_tail);
            _tailUsed--;
        }
        _tail[_tailUsed++] = octet;
        return octet is >= (byte)' ' and <= (byte)'~';
    }

    private bool EndLine()
    {
        var tail = _tail.AsSpan(0, _tailUsed);
        var brace = tail.EndsWith("}"u8) ? tail.LastIndexOf((byte)'{') : -1;
        var announced = brace < 0 ? [] : tail[(brace + 1)..^1];
        var waits = !announced.EndsWith("+"u8);
        _tailUsed = 0;
        if (long.TryParse(waits ? announced : announced[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var literal))
        {
            (_literalLeft, _awaitsServer) = (literal, waits);
            return true;
        }
        (IsAtStart, _awaitsServer) = (true, true);
        return true;
    }
}
