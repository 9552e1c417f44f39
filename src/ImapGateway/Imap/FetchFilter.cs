using System.Buffers;

namespace ImapGateway.Imap;

/// <summary>
/// Repairs answers to FETCH before MailKit sees them (<see cref="FetchRepair"/>): MailKit closes the connection if it cannot parse one item of one message, and accepts impossible structures. Works
/// on all that the server sends, while it arrives.
/// </summary>
public sealed class FetchFilter
{
    /// <summary>
    /// The longest answer about one message with its literals that is checked: what each connection may keep in memory (<see cref="AnswerMemory.Small"/>). A longer one arrives as it is.
    /// </summary>
    private const int LongestAnswer = (int)AnswerMemory.Small;

    /// <summary>The maximum number of octets that are kept between two commands.</summary>
    private const int MostKept = 64 << 10;

    /// <summary>The maximum number of octets of the announcement of a literal with the line end.</summary>
    private const int LongestAnnouncement = 16;

    private readonly Dictionary<uint, long> _sizes = [];
    private readonly byte[] _end = new byte[LongestAnnouncement];
    private int _endUsed;
    private ArrayBufferWriter<byte> _answer = new();
    private bool _isOfSummaries;
    private bool _isPassing;
    private int _literal;

    /// <summary>The sizes by uid that the answers to the present command contain and MailKit cannot represent: those of 4 GB and more.</summary>
    public IReadOnlyDictionary<uint, long> Sizes => _sizes;

    /// <summary>Records that the next command was sent.</summary>
    /// <param name="asksForSummaries">True if MailKit keeps the answers to it as summaries, with their literals, which are headers. Otherwise literals pass as they arrive, and only answers without any are checked.</param>
    public void Sent(bool asksForSummaries)
    {
        _isOfSummaries = asksForSummaries;
        _sizes.Clear();
        if (_answer.WrittenCount == 0 && _answer.Capacity > MostKept)
        {
            _answer = new ArrayBufferWriter<byte>();
        }
    }

    /// <summary>Takes octets that need not be checked, because all of them belong to a literal that passes.</summary>
    /// <returns>False if the octets must go through <see cref="Filter"/>.</returns>
    public bool Passes(int octets)
    {
        if (!_isPassing || _literal < octets)
        {
            return false;
        }
        _literal -= octets;
        return true;
    }

    /// <summary>Filters octets that follow those of the previous call, and appends those for MailKit to <paramref name="passed"/>.</summary>
    public void Filter(ReadOnlySpan<byte> octets, IBufferWriter<byte> passed)
    {
        while (!octets.IsEmpty)
        {
            var isLiteral = _literal > 0;
            var length = isLiteral ? Math.Min(_literal, octets.Length) : octets.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : octets.Length;
            var piece = octets[..length];
            octets = octets[length..];
            if (_isPassing)
            {
                passed.Write(piece);
            }
            else
            {
                _answer.Write(piece);
            }
            if (isLiteral)
            {
                _literal -= length;
            }
            else
            {
                Read(piece, passed);
            }
            if (!_isPassing && Math.Max(_answer.WrittenCount, _literal) > LongestAnswer)
            {
                Pass(passed);
            }
        }
    }

    /// <summary>Appends what has arrived of an answer that will not be continued.</summary>
    public void End(IBufferWriter<byte> passed)
    {
        passed.Write(_answer.WrittenSpan);
        _answer.ResetWrittenCount();
    }

    /// <summary>Reads a piece of a line, which was taken over already.</summary>
    private void Read(ReadOnlySpan<byte> piece, IBufferWriter<byte> passed)
    {
        if (_isPassing)
        {
            Remember(piece);
        }
        else if (!MayBeAboutMessage(_answer.WrittenSpan))
        {
            Remember(piece);
            Pass(passed);
        }
        if (piece[^1] != '\n')
        {
            return;
        }
        var literal = AnswerScan.LiteralAtEnd(_isPassing ? _end.AsSpan(0, _endUsed) : _answer.WrittenSpan);
        _endUsed = 0;
        if (literal is { } octets)
        {
            _literal = octets;
            if (!_isPassing && !_isOfSummaries)
            {
                Pass(passed);
            }
            return;
        }
        if (!_isPassing)
        {
            if (!FetchRepair.Apply(_answer.WrittenSpan, _isOfSummaries, passed, _sizes))
            {
                passed.Write(_answer.WrittenSpan);
            }
            _answer.ResetWrittenCount();
        }
        _isPassing = false;
    }

    /// <summary>Hands over what has arrived of the answer, and lets the rest of it pass.</summary>
    private void Pass(IBufferWriter<byte> passed)
    {
        End(passed);
        _isPassing = true;
    }

    private void Remember(ReadOnlySpan<byte> piece)
    {
        var rest = piece[^Math.Min(piece.Length, LongestAnnouncement)..];
        var kept = Math.Min(_endUsed, LongestAnnouncement - rest.Length);
        _end.AsSpan(_endUsed - kept, kept).CopyTo(_end);
        rest.CopyTo(_end.AsSpan(kept));
        _endUsed = kept + rest.Length;
    }

    /// <summary>True if the beginning of a line is, or may become, that of data about a message.</summary>
    private static bool MayBeAboutMessage(ReadOnlySpan<byte> line) =>
        line is [(byte)'*'] or [(byte)'*', (byte)' '] or [(byte)'*', (byte)' ', (byte)' ' or (>= (byte)'0' and <= (byte)'9'), ..];
}
