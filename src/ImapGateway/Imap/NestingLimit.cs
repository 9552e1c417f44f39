using System.Buffers;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>
/// Limits how deep a mail server may nest brackets. MailKit parses BODYSTRUCTURE and THREAD by recursion, and a failure in the middle of it costs time and memory for
/// every level.
/// <para>
/// Brackets in strings, in sections of messages and in response texts do not count, but only as long as it is certain where these end. MailKit is lenient, and from the
/// first doubtful octet on it may read everything else in another way. From there on every opening bracket counts, wherever it stands, and no closing bracket does. The same rule
/// applies in literals that MailKit may ignore.
/// </para>
/// </summary>
public sealed class NestingLimit(int maxDepth = NestingLimit.Default)
{
    /// <summary>The default limit. Mail servers stop at a hundred to a few hundred levels.</summary>
    public const int Default = 500;

    /// <summary>The maximum number of lists in one list: parts of a multipart, addresses of a field. Dovecot describes up to 10,000 parts. A message that has more is read by its header.</summary>
    public const int MostInList = 12_000;

    /// <summary>
    /// The maximum number of starts and ends of groups in one list of addresses (RFC 3501 section 7.4.2). If the server sends no end, a group stays open and contains the next one, and MailKit takes
    /// time in proportion to the depth for each address in them: 0.9 s for 12,000.
    /// </summary>
    public const int MostGroups = 200;

    /// <summary>
    /// The maximum number of octets of the header fields of one message, enough for thousands of recipients. MimeKit copies the field again for every 128 octets, so its time grows with the square of the
    /// length: 40 ms for 145 KB, minutes for 8 MB. A message that has more is read by its header.
    /// </summary>
    public const int MostInHeader = 256 << 10;

    /// <summary>
    /// The maximum number of octets of the text after a status (RFC 3501 section 7.1). The text is meant for human readers; a refusal of a megabyte takes a second to be read and searched for secrets.
    /// </summary>
    public const int MostInText = 64 << 10;

    /// <summary>
    /// The memory of a parsed list within a list, in octets: an address takes 330 with its four words, a part of a message 230 or more. Measured with MailKit 4.18.
    /// </summary>
    public const int OctetsOfList = 160;

    /// <summary>The memory of a parsed word of such a list, in octets: a language takes 56, a parameter 200 with its two words.</summary>
    public const int OctetsOfWord = 64;

    private const int LongestStatus = 7;

    private static readonly SearchValues<byte> OfData = SearchValues.Create("\"{()\n"u8);
    private static readonly SearchValues<byte> OfString = SearchValues.Create("\"\\\r\n"u8);
    private static readonly SearchValues<byte> OfCode = SearchValues.Create("\"{]\n"u8);

    private readonly byte[] _word = new byte[LongestStatus];
    private readonly int[] _inList = new int[maxDepth + 2];
    private readonly int[] _groups = new int[maxDepth + 2];
    private readonly int[] _strings = new int[maxDepth + 2];
    private readonly Beginning[] _beginnings = new Beginning[maxDepth + 2];
    private Place _place = Place.FirstWord;
    private int _depth;
    private int _unproven;
    private byte _last;
    private byte _lastButOne;
    private bool _isSection;
    private long _literal;
    private int _length;
    private bool _isTooLong;
    private long? _doubtfulSize;
    private int _inText;
    private bool _isUntagged;
    private bool _isContinuation;

    private enum Place
    {
        /// <summary>The first word: "*", "+" or a tag.</summary>
        FirstWord,

        /// <summary>The second word: the status, or the subject of the data.</summary>
        SecondWord,

        /// <summary>The place before the text that follows a status.</summary>
        TextStart,

        /// <summary>A response code, which MailKit parses.</summary>
        Code,

        /// <summary>Text that MailKit takes as it is, up to the end of the line.</summary>
        Text,

        /// <summary>Atoms and lists.</summary>
        Data,
        Quoted,
        QuotedPair,
        QuotedEnd,
        LiteralSize,
        LiteralPlus,
        LiteralEnd,
        Doubt,
    }

    /// <summary>The beginning of a list.</summary>
    private enum Beginning
    {
        Unknown,
        Atom,
        StringOrList,
    }

    /// <summary>The maximum number of octets of the next literals. If there is a limit, they are header fields, and their number is limited, too.</summary>
    public long MostInLiteral { get; set; } = long.MaxValue;

    /// <summary>The limit of the number of header fields. It counts while there is a limit of their octets.</summary>
    public HeaderFieldLimit HeaderFields { get; } = new();

    /// <summary>An estimate of the memory in octets that MailKit needs for the lists counted so far, in all answers. It can be twenty times as much as the server sends.</summary>
    public long ParsedOctets { get; private set; }

    /// <summary>The number of octets of the present literal that are still to come.</summary>
    public long LiteralLeft => _place == Place.Data ? _literal : 0;

    /// <summary>True once it is uncertain where strings and literals end; it remains so.</summary>
    public bool IsDoubtful => _place == Place.Doubt;

    /// <summary>True if the octets, which follow those of the previous call, exceed the limit. The parser must not see them.</summary>
    public bool IsExceeded(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty && !IsOver)
        {
            octets = octets[Read(octets)..];
        }
        return IsOver;
    }

    private bool IsOfHeaders => MostInLiteral < long.MaxValue;

    private bool IsOver => _isTooLong || HeaderFields.IsExceeded || _depth + _unproven > maxDepth || _inList[_depth] > MostInList || _groups[_depth] > MostGroups;

    /// <summary>Records that the parser is in no nested list now.</summary>
    public void Unwind() => (_depth, _unproven) = (IsDoubtful ? 0 : _depth, 0);

    /// <returns>The number of octets that were read. If it is zero, the first octet must be read again, at another place.</returns>
    private int Read(ReadOnlySpan<byte> octets)
    {
        if (LiteralLeft > 0)
        {
            var skipped = (int)Math.Min(LiteralLeft, octets.Length);
            _literal -= skipped;
            if (IsOfHeaders)
            {
                HeaderFields.Count(octets[..skipped]);
            }
            _unproven += _isSection ? 0 : octets[..skipped].Count((byte)'(');
            return skipped;
        }
        switch (_place)
        {
            case Place.Doubt:
                var opened = octets.Count((byte)'(');
                _unproven += opened;
                ParsedOctets += opened * OctetsOfList + octets.Count((byte)' ') * OctetsOfWord;
                MeasureDoubtful(octets);
                if (IsOfHeaders)
                {
                    HeaderFields.CountDoubtful(octets);
                }
                return octets.Length;
            case Place.Text:
                var end = octets.IndexOf((byte)'\n');
                _place = end < 0 ? Place.Text : Place.FirstWord;
                _inText += end < 0 ? octets.Length : end + 1;
                _isTooLong |= _inText > MostInText;
                _inText = end < 0 ? _inText : 0;
                return end < 0 ? octets.Length : end + 1;
            case Place.Data or Place.Quoted or Place.Code:
                var index = octets.IndexOfAny(_place == Place.Data ? OfData : _place == Place.Quoted ? OfString : OfCode);
                var read = index < 0 ? octets[..] : octets[..(index + 1)];
                if (_place == Place.Data)
                {
                    Remember(read);
                    NoteAtoms(index < 0 ? read : read[..^1]);
                    ParsedOctets += _depth > 1 ? read.Count((byte)' ') * OctetsOfWord : 0;
                }
                _place = index < 0 ? _place : After(octets[index]);
                return read.Length;
            default:
                var next = After(octets[0]);
                var isSame = next is Place.Doubt || (_place == Place.QuotedEnd && next == Place.Data) || (_place == Place.TextStart && next == Place.Text);
                _place = next;
                return isSame ? 0 : 1;
        }
    }

    /// <summary>Measures possible literals in doubtful data. Text that looks like the size of a literal may be one to MailKit.</summary>
    private void MeasureDoubtful(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty && !_isTooLong)
        {
            if (_doubtfulSize is not { } size)
            {
                var start = octets.IndexOf((byte)'{');
                _doubtfulSize = start < 0 ? null : 0;
                octets = start < 0 ? [] : octets[(start + 1)..];
                continue;
            }
            var isDigit = octets[0] is >= (byte)'0' and <= (byte)'9';
            _doubtfulSize = isDigit ? Math.Min(size * 10 + octets[0] - '0', int.MaxValue) : null;
            _isTooLong = _doubtfulSize > MostInLiteral;
            octets = isDigit ? octets[1..] : octets;
        }
    }

    /// <summary>Remembers whether the data end like the announcement of a section. "] {" announces a section, with octets of a message, which MailKit never ignores.</summary>
    private void Remember(ReadOnlySpan<byte> data)
    {
        var beforeLast = data.Length > 1 ? data[^2] : _last;
        _isSection = beforeLast == (byte)' ' && (data.Length > 2 ? data[^3] : data.Length > 1 ? _last : _lastButOne) == (byte)']';
        (_lastButOne, _last) = (beforeLast, data[^1]);
    }

    private void NoteAtoms(ReadOnlySpan<byte> octets)
    {
        if (_beginnings[_depth] == Beginning.Unknown && octets.ContainsAnyExceptInRange((byte)0, (byte)' '))
        {
            _beginnings[_depth] = Beginning.Atom;
        }
    }

    private void NoteStringOrList(bool isString)
    {
        _strings[_depth] += isString ? 1 : 0;
        if (_beginnings[_depth] == Beginning.Unknown)
        {
            _beginnings[_depth] = Beginning.StringOrList;
        }
    }

    /// <summary>
    /// True if the list is the start or the end of a group. The address of a group's start has only its name, "(NIL NIL name NIL)", that of its end is empty; that of a mailbox has at least two
    /// strings.
    /// </summary>
    private bool IsGroup => _beginnings[_depth] != Beginning.StringOrList && _strings[_depth] < 2;

    private Place After(byte octet) => _place switch
    {
        Place.FirstWord => AfterFirstWord(octet),
        Place.SecondWord => AfterSecondWord(octet),
        Place.TextStart => octet switch
        {
            (byte)' ' or (byte)'\r' => Place.TextStart,
            (byte)'[' => Place.Code,
            // MailKit reads the first word of a text as it reads data.
            (byte)'"' or (byte)'{' => Place.Doubt,
            _ => Place.Text,
        },
        Place.Code => octet switch
        {
            (byte)']' => Place.Text,
            (byte)'\n' => Place.FirstWord,
            _ => Place.Doubt,
        },
        Place.Data => AfterData(octet),
        Place.Quoted => octet switch
        {
            (byte)'"' => Place.QuotedEnd,
            (byte)'\\' => Place.QuotedPair,
            // To MailKit the string continues in the next line.
            _ => Place.Doubt,
        },
        Place.QuotedPair => octet is (byte)'\r' or (byte)'\n' ? Place.Doubt : Place.Quoted,
        // To MailKit the string continues after a quote that is followed by anything else.
        Place.QuotedEnd => octet is (byte)' ' or (byte)')' or (byte)']' or (byte)'\r' or (byte)'\n' ? Place.Data : Place.Doubt,
        Place.LiteralSize => AfterLiteralSize(octet),
        Place.LiteralPlus => octet == (byte)'}' ? Place.LiteralEnd : Place.Doubt,
        _ => AfterLiteralEnd(octet),
    };

    private Place AfterFirstWord(byte octet)
    {
        switch (octet)
        {
            case (byte)' ' when _length > 0:
                _length = 0;
                return _isContinuation ? Place.Text : Place.SecondWord;
            case (byte)'\r':
                return Place.FirstWord;
            case (byte)'\n':
                _length = 0;
                return Place.FirstWord;
        }
        if (_length++ == 0)
        {
            (_isUntagged, _isContinuation) = (octet == (byte)'*', octet == (byte)'+');
            return _isUntagged || _isContinuation || IsOfWord(octet) ? Place.FirstWord : Place.Doubt;
        }
        return !_isUntagged && IsOfWord(octet) ? Place.FirstWord : Place.Doubt;
    }

    private Place AfterSecondWord(byte octet)
    {
        switch (octet)
        {
            case (byte)' ' or (byte)'\r' when _length == 0:
                return Place.SecondWord;
            case (byte)' ' or (byte)'\r':
                var isData = _isUntagged && !IsStatus;
                _length = 0;
                return isData ? Place.Data : Place.TextStart;
            case (byte)'\n':
                _length = 0;
                return Place.FirstWord;
            case (byte)'[' when _length == 0:
                return Place.Code;
        }
        if (_length < LongestStatus)
        {
            _word[_length] = octet;
        }
        _length++;
        return IsOfWord(octet) || !_isUntagged ? Place.SecondWord : Place.Doubt;
    }

    private Place AfterData(byte octet)
    {
        switch (octet)
        {
            case (byte)'(':
                NoteStringOrList(isString: false);
                _inList[_depth] += _depth > 0 ? 1 : 0;
                ParsedOctets += _depth > 0 ? OctetsOfList : 0;
                if (_inList[_depth] <= MostInList)
                {
                    _depth++;
                    (_inList[_depth], _groups[_depth], _strings[_depth], _beginnings[_depth]) = (0, 0, 0, Beginning.Unknown);
                }
                return Place.Data;
            case (byte)')' when _depth > 0:
                var isGroup = IsGroup;
                _depth--;
                _groups[_depth] += _depth > 0 && isGroup ? 1 : 0;
                return Place.Data;
            case (byte)')':
                return Place.Data;
            case (byte)'"':
                NoteStringOrList(isString: true);
                return Place.Quoted;
            case (byte)'{':
                NoteStringOrList(isString: true);
                (_literal, _length) = (0, 0);
                return Place.LiteralSize;
            default:
                _length = 0;
                return _depth > 0 ? Place.Doubt : Place.FirstWord;
        }
    }

    private Place AfterLiteralSize(byte octet)
    {
        if (octet is >= (byte)'0' and <= (byte)'9')
        {
            (_literal, _length) = (_literal * 10 + octet - '0', _length + 1);
            _isTooLong |= _literal > MostInLiteral;
            return _literal > int.MaxValue ? Place.Doubt : Place.LiteralSize;
        }
        return _length == 0 ? Place.Doubt : octet switch
        {
            (byte)'+' => Place.LiteralPlus,
            (byte)'}' => Place.LiteralEnd,
            _ => Place.Doubt,
        };
    }

    private Place AfterLiteralEnd(byte octet)
    {
        (var isEnd, _length) = (octet == (byte)'\n', 0);
        HeaderFields.BeginMessage();
        return isEnd ? Place.Data : octet == (byte)'\r' ? Place.LiteralEnd : Place.Doubt;
    }

    private bool IsStatus => _length <= LongestStatus && (Is("OK"u8) || Is("NO"u8) || Is("BAD"u8) || Is("BYE"u8) || Is("PREAUTH"u8));

    private bool Is(ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(_word.AsSpan(0, _length), word);

    private static bool IsOfWord(byte octet) => char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'_' or (byte)'.';
}
