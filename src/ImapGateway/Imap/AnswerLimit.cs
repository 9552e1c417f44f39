using MailKit;

namespace ImapGateway.Imap;

/// <summary>
/// Limits how much a server can send in answer to one command: as much as was requested, plus what may have changed meanwhile. Octets and lines are counted while they arrive, messages when they
/// are parsed.
/// </summary>
public sealed class AnswerLimit
{
    /// <summary>The maximum number of messages beyond the requested ones: other clients may change their flags meanwhile. MailKit keeps 800 octets of each until the command ends.</summary>
    public const int MostUnasked = 10_000;

    /// <summary>The octets allowed for a short answer. What a server sends about the selected mailbox is added to it.</summary>
    private const long Little = 1L << 20;

    /// <summary>The octets of an unsolicited change of flags or removal.</summary>
    private const long OctetsOfChange = 100;

    /// <summary>The octets of a message with its flags, including as many keywords as users have in practice.</summary>
    private const long OctetsOfFlags = 1024;

    /// <summary>The octets of a message with its headers and structure. Some messages have hundreds of recipients, but not all of them.</summary>
    private const long OctetsOfHeaders = 64 * 1024;

    /// <summary>The least allowance for headers. A single message may have 10,000 parts, each described in 250 octets or more.</summary>
    private const long LeastOfHeaders = 8L << 20;

    private const long MostOfHeaders = 32L << 20;

    /// <summary>The header fields allowed for each message on average, in addition to two of each requested field. An honest message has most fields once, and some a few times.</summary>
    private const int FieldsBeside = 8;

    /// <summary>The maximum number of messages of the selected mailbox whose changes may be reported at once.</summary>
    private const int MostChanges = 300_000;

    /// <summary>The maximum number of status responses and other lines that are not about a message or a mailbox. MailKit keeps each response code until the command ends.</summary>
    private const int MostLines = 10_000;

    private readonly SearchOrder _order = new();
    private long _octets = long.MaxValue;
    private int _lines;
    private int _messages = int.MaxValue;
    private long? _expected;
    private bool _isFetch;
    private bool _isList;
    private bool _isAtStart = true;

    /// <summary>The number of messages in the selected mailbox, as far as the server can be believed.</summary>
    public int Exists { get; set; }

    /// <summary>The maximum number of header fields that the messages of the answer may have together. Null if MailKit parses no header fields from this answer.</summary>
    public int? MostFields { get; private set; }

    /// <summary>Prepares for the next command, which asks for <paramref name="messages"/> messages.</summary>
    /// <returns>An object whose disposal marks the command as answered.</returns>
    public IDisposable Expect(int messages, IFetchRequest request)
    {
        var hasHeaders = (request.Items & (MessageSummaryItems.Envelope | MessageSummaryItems.BodyStructure | MessageSummaryItems.Headers | MessageSummaryItems.References | MessageSummaryItems.PreviewText)) != 0
            || request.Headers is { Count: > 0 };
        var asked = Math.Max(0, messages);
        MostFields = (int)Math.Min(HeaderFieldLimit.MostFields + (request.Headers is { Count: > 0 } fields ? (long)asked * (2 * fields.Count + FieldsBeside) : 0), int.MaxValue);
        _messages = (int)Math.Min((long)asked + MostUnasked, int.MaxValue);
        _expected = Little + Math.Min(Exists, MostUnasked) * OctetsOfChange + (hasHeaders ? Math.Clamp(asked * OctetsOfHeaders, LeastOfHeaders, MostOfHeaders) : asked * OctetsOfFlags);
        return new Expected(this);
    }

    /// <param name="command">The command as it is sent, without its tag.</param>
    public void Sent(ReadOnlySpan<byte> command)
    {
        (_lines, _isAtStart, _isFetch) = (0, true, Verb(command, "FETCH"u8));
        _order.Reset();
        _isList = Verb(command, "LIST"u8) || Verb(command, "XLIST"u8) || Verb(command, "LSUB"u8);
        _octets = _expected
            ?? (_isFetch || _isList || Verb(command, "NOTIFY"u8) || command.IndexOf("QRESYNC"u8) >= 0 ? long.MaxValue
            : Little + Math.Min(Exists, MostChanges) * OctetsOfChange);
    }

    /// <summary>Counts an answered message.</summary>
    /// <exception cref="FloodException">There are more messages than were requested.</exception>
    public void Count()
    {
        if (--_messages < 0)
        {
            throw new FloodException("The mail server answers with messages that nobody has asked for.");
        }
    }

    /// <summary>Counts octets that follow those of the previous call.</summary>
    /// <returns>False if the server sends more than was requested.</returns>
    public bool Admit(ReadOnlySpan<byte> octets)
    {
        _octets -= octets.Length;
        if (!_isFetch && _order.IsExceeded(octets))
        {
            return false;
        }
        // Lines inside the text of a message are not lines of the server.
        while (!_isFetch && !octets.IsEmpty)
        {
            _lines += _isAtStart && (_isList || octets is not [(byte)'*', (byte)' ', >= (byte)'0' and <= (byte)'9', ..]) && !IsOfMailbox(octets) ? 1 : 0;
            var end = octets.IndexOf((byte)'\n');
            _isAtStart = end >= 0;
            octets = end < 0 ? [] : octets[(end + 1)..];
        }
        return _octets >= 0 && _lines <= MostLines;
    }

    private static bool IsOfMailbox(ReadOnlySpan<byte> line) => line.StartsWith("* LIST"u8) || line.StartsWith("* LSUB"u8) || line.StartsWith("* XLIST"u8) || line.StartsWith("* STATUS"u8);

    private static bool Verb(ReadOnlySpan<byte> command, ReadOnlySpan<byte> verb) => command.StartsWith(verb) || command.StartsWith("UID "u8) && command[4..].StartsWith(verb);

    private sealed class Expected(AnswerLimit limit) : IDisposable
    {
        public void Dispose() => (limit._messages, limit._expected, limit.MostFields) = (int.MaxValue, null, null);
    }
}
