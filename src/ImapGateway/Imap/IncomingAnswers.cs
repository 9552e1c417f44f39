using System.Buffers;
using System.Text;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>
/// Inspects and repairs the data that the server sends before MailKit parses them. MailKit has no limits: nested lists would overflow its stack, and unrequested data would fill the memory.
/// </summary>
internal sealed class IncomingAnswers
{
    private const int TailLength = 512;

    /// <summary>The maximum number of octets of the buffer for filtered answers that are kept between two commands.</summary>
    private const int MostKept = 64 << 10;

    /// <summary>
    /// The maximum number of opening brackets that are given to MailKit before the stack is left. It parses lists by recursion, and a read that completes at once returns into that recursion: a
    /// level takes up to 4 KB of stack.
    /// </summary>
    private const int MostBrackets = 100;

    private readonly NestingLimit _nesting = new();
    private readonly FetchFilter _fetched = new();
    private readonly SearchFilter _searched = new();
    private readonly PhraseScan _overflow = new("[NOTIFICATIONOVERFLOW]");
    private readonly byte[] _tail = new byte[TailLength];
    private int _tailUsed;
    private ArrayBufferWriter<byte> _repaired = new();
    private ArrayBufferWriter<byte> _corrected = new();

    /// <inheritdoc cref="ServerStream.Answers"/>
    public AnswerLimit? Limit { get; set; }

    /// <inheritdoc cref="ServerStream.Listing"/>
    public ListingLimit? Listing { get; set; }

    /// <inheritdoc cref="ServerStream.NotificationsOverflowed"/>
    public Action? NotificationsOverflowed { get; set; }

    /// <summary>The number of octets that may still come from the server.</summary>
    public long Allowance { get; set; } = long.MaxValue;

    /// <summary>An estimate of the memory in octets that MailKit needs for all lists and header fields that have come so far, in addition to their octets.</summary>
    public long ParsedOctets => _nesting.ParsedOctets + _nesting.HeaderFields.Total * HeaderFieldLimit.OctetsOfField;

    /// <inheritdoc cref="ServerStream.Tail"/>
    public string Tail => Encoding.Latin1.GetString(_tail, 0, _tailUsed);

    /// <inheritdoc cref="FetchFilter.Sizes"/>
    public IReadOnlyDictionary<uint, long> Sizes => _fetched.Sizes;

    /// <summary>True if the incoming octets must go through <see cref="Filter"/> first.</summary>
    public bool IsFiltered(int octets) => Listing is { IsActive: true } || _searched.IsActive || !_fetched.Passes(octets);

    /// <summary>Begins a command. The data that come from now on may be its answer.</summary>
    /// <param name="command">The command without its tag.</param>
    public void Begin(string tag, ReadOnlySpan<byte> command)
    {
        _searched.Sent(tag, command);
        _nesting.Unwind();
        Listing?.Sent(command);
        Limit?.Sent(command);
        _fetched.Sent(asksForSummaries: Limit?.MostFields is not null);
        _repaired = _repaired.Capacity > MostKept ? new ArrayBufferWriter<byte>() : _repaired;
        _corrected = _corrected.Capacity > MostKept ? new ArrayBufferWriter<byte>() : _corrected;
        _nesting.MostInLiteral = Limit?.MostFields is null ? long.MaxValue : NestingLimit.MostInHeader;
        _nesting.HeaderFields.MostInAnswer = Limit?.MostFields ?? int.MaxValue;
    }

    /// <inheritdoc cref="ServerStream.Parsed"/>
    public void Parsed() => _nesting.Unwind();

    /// <returns>The remaining octets; valid until the next call.</returns>
    /// <exception cref="FloodException">The server sends more than was requested.</exception>
    public ReadOnlyMemory<byte> Filter(ReadOnlySpan<byte> octets)
    {
        // Each filter sees all octets in turn: a line can begin before a command is sent and end after it.
        _repaired.ResetWrittenCount();
        _fetched.Filter(octets, _repaired);
        if (_searched.IsActive)
        {
            _corrected.ResetWrittenCount();
            _searched.Filter(_repaired.WrittenSpan, _corrected);
            (_repaired, _corrected) = (_corrected, _repaired);
        }
        if (Listing is not { IsActive: true } listing)
        {
            return _repaired.WrittenMemory;
        }
        _corrected.ResetWrittenCount();
        listing.Filter(_repaired.WrittenSpan, _corrected);
        return _corrected.WrittenMemory;
    }

    /// <summary>Returns the octets that were kept back, because no more will come.</summary>
    public ReadOnlyMemory<byte> End()
    {
        _repaired.ResetWrittenCount();
        _searched.End(_repaired);
        _fetched.End(_repaired);
        return _repaired.WrittenMemory;
    }

    /// <summary>Changes the octets in place if the server makes a known mistake.</summary>
    /// <returns>The reason why MailKit must not see the octets; null if it may.</returns>
    public Exception? Inspect(Span<byte> octets)
    {
        if (NotificationsOverflowed is { } overflowed && _overflow.IsIn(octets))
        {
            overflowed();
        }
        Allowance -= octets.Length;
        return Allowance < 0 || Limit?.Admit(octets) == false ? new FloodException("The mail server sends more than was asked for.")
            : IsNestedTooDeep(octets) ? new ImapProtocolException("The server's answer is nested too deep, or has a header that is too long.")
            : null;
    }

    /// <summary>True if the last piece has opened lists. MailKit may be in a recursion, which must not go on into the next read.</summary>
    public bool HasBrackets { get; private set; }

    /// <summary>Returns how many octets may be handed over at once, in whole lines if possible.</summary>
    public int PieceOf(ReadOnlySpan<byte> octets)
    {
        var brackets = octets.Count((byte)'(');
        HasBrackets = brackets > 0;
        if (brackets <= MostBrackets)
        {
            return octets.Length;
        }
        var length = 0;
        for (brackets = 0; brackets < MostBrackets; brackets++)
        {
            length += octets[length..].IndexOf((byte)'(') + 1;
        }
        return octets[..length].LastIndexOf((byte)'\n') is >= 0 and var end ? end + 1 : length;
    }

    private bool IsNestedTooDeep(Span<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            // A literal as a whole, then line by line.
            var inLiteral = _nesting.LiteralLeft > 0;
            var length = _nesting.IsDoubtful ? octets.Length : inLiteral ? (int)Math.Min(_nesting.LiteralLeft, octets.Length) : octets.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : octets.Length;
            if (!inLiteral && !_nesting.IsDoubtful)
            {
                ModSeqRepair.Apply(octets[..length]);
                FlagsRepair.Apply(octets[..length]);
            }
            if (_nesting.IsExceeded(octets[..length]))
            {
                return true;
            }
            octets = octets[length..];
        }
        return false;
    }

    /// <summary>Keeps the last octets as the server has sent them.</summary>
    public void Remember(ReadOnlySpan<byte> octets)
    {
        if (octets.Length >= TailLength)
        {
            octets[^TailLength..].CopyTo(_tail);
            _tailUsed = TailLength;
            return;
        }
        var keep = Math.Min(_tailUsed, TailLength - octets.Length);
        _tail.AsSpan(_tailUsed - keep, keep).CopyTo(_tail);
        octets.CopyTo(_tail.AsSpan(keep));
        _tailUsed = keep + octets.Length;
    }
}
