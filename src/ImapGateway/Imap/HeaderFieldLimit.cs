namespace ImapGateway.Imap;

/// <summary>Limits the number of header fields that a mail server may send, of one message and of all messages of an answer. MimeKit needs much memory for each, however short it is.</summary>
public sealed class HeaderFieldLimit
{
    /// <summary>The memory that MimeKit needs for a header field in addition to its octets, however short it is.</summary>
    public const int OctetsOfField = 500;

    /// <summary>
    /// The maximum number of fields in the header of one message. Fields are requested by name, and an honest message has each once or a few times. A message that has more is read by its header.
    /// </summary>
    public const int MostFields = 1_000;

    private int _ofMessage;
    private int _ofAnswer;
    private bool _isLineStart;

    /// <summary>The maximum number of header fields that the messages of the next answer may have together.</summary>
    public int MostInAnswer
    {
        get;
        set => (field, _ofAnswer) = (value, 0);
    } = int.MaxValue;

    /// <summary>The number of header fields counted so far, in all answers.</summary>
    public long Total { get; private set; }

    /// <summary>True once there were too many; it remains so.</summary>
    public bool IsExceeded { get; private set; }

    /// <summary>Records that the header of another message begins.</summary>
    public void BeginMessage() => (_ofMessage, _isLineStart) = (0, true);

    /// <summary>Counts the fields in octets of a header. A line that begins with a blank continues the previous field.</summary>
    public void Count(ReadOnlySpan<byte> octets)
    {
        var before = _ofMessage;
        while (!octets.IsEmpty)
        {
            _ofMessage += _isLineStart && octets[0] is not ((byte)' ' or (byte)'\t') ? 1 : 0;
            var end = octets.IndexOf((byte)'\n');
            _isLineStart = end >= 0;
            octets = end < 0 ? [] : octets[(end + 1)..];
        }
        Add(_ofMessage - before);
        IsExceeded |= _ofMessage > MostFields || _ofAnswer > MostInAnswer;
    }

    /// <summary>Counts lines in data of which it is uncertain what they are, because every line may be a field to MailKit. Some are unsolicited responses.</summary>
    public void CountDoubtful(ReadOnlySpan<byte> octets)
    {
        Add(octets.Count((byte)'\n'));
        IsExceeded |= _ofAnswer - AnswerLimit.MostUnasked > MostInAnswer;
    }

    private void Add(int fields)
    {
        Total += fields;
        _ofAnswer += fields;
    }
}
