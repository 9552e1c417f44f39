namespace ImapGateway.Imap;

/// <summary>
/// Counts the numbers of a SEARCH answer (RFC 3501 section 7.2.5) that are lower than one before them. MailKit keeps the answer sorted: each such number moves all that follow it, so a descending
/// answer of 300,000 numbers takes minutes of processor time.
/// </summary>
public sealed class SearchOrder
{
    /// <summary>The maximum number of numbers out of order. Servers answer in ascending order, with a few exceptions.</summary>
    public const int MostUnordered = 10_000;

    private static ReadOnlySpan<byte> Prefix => "* search "u8;

    private int _matched;
    private bool _isOther;
    private bool _inNumber;
    private ulong _number;
    private ulong _highest;
    private int _unordered;

    /// <summary>Starts again for the next command.</summary>
    public void Reset() => (_matched, _isOther, _inNumber, _highest, _unordered) = (0, false, false, 0, 0);

    /// <param name="octets">The octets that follow those of the previous call.</param>
    public bool IsExceeded(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty && _unordered <= MostUnordered)
        {
            if (_isOther)
            {
                var end = octets.IndexOf((byte)'\n');
                octets = end < 0 ? [] : octets[end..];
                _isOther = end < 0;
                continue;
            }
            Add(octets[0]);
            octets = octets[1..];
        }
        return _unordered > MostUnordered;
    }

    private void Add(byte octet)
    {
        var isSpace = octet is (byte)' ' or (byte)'\t' or (byte)'\r';
        if (octet == '\n')
        {
            EndNumber();
            _matched = 0;
        }
        else if (_matched < Prefix.Length)
        {
            var fits = Prefix[_matched] == ' ' ? isSpace : (octet | 0x20) == Prefix[_matched];
            _matched += fits ? 1 : 0;
            // MailKit skips any number of spaces.
            _isOther = !fits && !(isSpace && _matched > 0 && Prefix[_matched - 1] == ' ');
        }
        else if (octet is >= (byte)'0' and <= (byte)'9')
        {
            (_number, _inNumber) = (Math.Min((_inNumber ? _number : 0) * 10 + octet - '0', uint.MaxValue), true);
        }
        else
        {
            EndNumber();
        }
    }

    private void EndNumber()
    {
        if (_inNumber)
        {
            _unordered += _number < _highest ? 1 : 0;
            (_highest, _inNumber) = (Math.Max(_highest, _number), false);
        }
    }
}
