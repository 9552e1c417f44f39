using MailKit;

namespace ImapGateway.Imap;

/// <summary>
/// How much a server can send in answer to one command: as much as was asked for, and what may have changed meanwhile. Octets and lines are counted while they arrive, messages when they are parsed.
/// </summary>
public sealed class AnswerLimit
{
    /// <summary>Messages beyond those that were asked for: others may have changed their flags meanwhile. MailKit keeps 800 octets of each until the command ends.</summary>
    public const int MostUnasked = 10_000;

    /// <summary>Of an answer that says little: what a server sends about the mailbox that is selected comes on top.</summary>
    private const long Little = 1L << 20;

    /// <summary>A change of flags, or a removal, told without being asked for.</summary>
    private const long OctetsOfChange = 100;

    /// <summary>A message by its flags, with as many keywords as people use.</summary>
    private const long OctetsOfFlags = 1024;

    /// <summary>A message by its headers and structure; some have hundreds of recipients, but not all of them.</summary>
    private const long OctetsOfHeaders = 64 * 1024;

    /// <summary>A single message may have 10,000 parts, which are described in 250 octets or more each.</summary>
    private const long LeastOfHeaders = 8L << 20;

    private const long MostOfHeaders = 32L << 20;

    /// <summary>Of each message on average, beside two of each field that is asked for: an honest message has most fields once, and some a few times.</summary>
    private const int FieldsBeside = 8;

    /// <summary>Messages of the selected mailbox whose changes may be told at once.</summary>
    private const int MostChanges = 300_000;

    /// <summary>Status responses and other lines that are not about a message or a mailbox. MailKit keeps each response code until the command ends.</summary>
    private const int MostLines = 10_000;

    private readonly SearchOrder _order = new();
    private long _octets = long.MaxValue;
    private int _lines;
    private int _messages = int.MaxValue;
    private long? _expected;
    private bool _isFetch;
    private bool _isList;
    private bool _isAtStart = true;

    /// <summary>Messages of the mailbox that is selected, as far as the server can be believed.</summary>
    public int Exists { get; set; }

    /// <summary>The structure of messages is asked for.</summary>
    public bool IsOfStructures { get; private set; }

    /// <summary>Header fields that the messages of the answer may have together; null: it is not an answer from which MailKit parses header fields.</summary>
    public int? MostFields { get; private set; }

    /// <summary>The next command asks for <paramref name="messages"/> messages.</summary>
    /// <returns>Ends when it is answered.</returns>
    public IDisposable Expect(int messages, IFetchRequest request)
    {
        var hasHeaders = (request.Items & (MessageSummaryItems.Envelope | MessageSummaryItems.BodyStructure | MessageSummaryItems.Headers | MessageSummaryItems.References | MessageSummaryItems.PreviewText)) != 0
            || request.Headers is { Count: > 0 };
        var asked = Math.Max(0, messages);
        IsOfStructures = (request.Items & MessageSummaryItems.BodyStructure) != 0;
        MostFields = (int)Math.Min(NestingLimit.MostFields + (request.Headers is { Count: > 0 } fields ? (long)asked * (2 * fields.Count + FieldsBeside) : 0), int.MaxValue);
        _messages = (int)Math.Min((long)asked + MostUnasked, int.MaxValue);
        _expected = Little + Math.Min(Exists, MostUnasked) * OctetsOfChange + (hasHeaders ? Math.Clamp(asked * OctetsOfHeaders, LeastOfHeaders, MostOfHeaders) : asked * OctetsOfFlags);
        return new Expected(this);
    }

    /// <param name="command">As it is sent, without its tag.</param>
    public void Sent(ReadOnlySpan<byte> command)
    {
        (_lines, _isAtStart, _isFetch) = (0, true, Verb(command, "FETCH"u8));
        _order.Reset();
        _isList = Verb(command, "LIST"u8) || Verb(command, "XLIST"u8) || Verb(command, "LSUB"u8);
        _octets = _expected
            ?? (_isFetch || _isList || Verb(command, "NOTIFY"u8) || command.IndexOf("QRESYNC"u8) >= 0 ? long.MaxValue
            : Little + Math.Min(Exists, MostChanges) * OctetsOfChange);
    }

    /// <summary>A message was answered.</summary>
    /// <exception cref="FloodException">There are more than were asked for.</exception>
    public void Count()
    {
        if (--_messages < 0)
        {
            throw new FloodException("The mail server answers with messages that nobody has asked for.");
        }
    }

    /// <summary>Octets that follow those of the call before.</summary>
    /// <returns>False where the server sends more than was asked for.</returns>
    public bool Admit(ReadOnlySpan<byte> octets)
    {
        _octets -= octets.Length;
        if (!_isFetch && _order.IsExceeded(octets))
        {
            return false;
        }
        // The lines of a message's text are none of the server's.
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
        public void Dispose() => (limit._messages, limit._expected, limit.IsOfStructures, limit.MostFields) = (int.MaxValue, null, false, null);
    }
}
