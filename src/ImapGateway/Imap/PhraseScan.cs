namespace ImapGateway.Imap;

/// <summary>Finds a phrase in data that come in pieces, wherever they are cut.</summary>
/// <param name="phrase">The phrase in upper case. Its first character occurs only once in it.</param>
public sealed class PhraseScan(string phrase)
{
    private int _matched;

    /// <summary>True where the phrase ends within these octets.</summary>
    public bool IsIn(ReadOnlySpan<byte> octets)
    {
        var found = false;
        while (!octets.IsEmpty)
        {
            if (_matched == 0)
            {
                var start = octets.IndexOf((byte)phrase[0]);
                if (start < 0)
                {
                    return found;
                }
                octets = octets[(start + 1)..];
                _matched = 1;
                continue;
            }
            var next = (char)(octets[0] is >= (byte)'a' and <= (byte)'z' ? octets[0] - 32 : octets[0]);
            // Only the first character can begin it anew.
            _matched = next == phrase[_matched] ? _matched + 1 : next == phrase[0] ? 1 : 0;
            octets = octets[1..];
            if (_matched == phrase.Length)
            {
                _matched = 0;
                found = true;
            }
        }
        return found;
    }
}
