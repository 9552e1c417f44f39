using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>
/// Writes an answer to FETCH without the values that MailKit cannot parse (<see cref="FetchItem"/>), so that they cost nothing but themselves. A structure that is left out is read from the message
/// itself (<see cref="StructureFetch"/>).
/// </summary>
public ref partial struct FetchRepair
{
    private const string Structure = "BODYSTRUCTURE";

    private readonly ReadOnlySpan<byte> _answer;
    private readonly bool _isSummary;
    private readonly List<Item> _items = [];
    private AnswerScan _scan;
    private uint? _uid;
    private long? _size;

    /// <param name="Start">The position of the item in the answer.</param>
    /// <param name="Name">The name in upper case, without a section.</param>
    /// <param name="Octets">The item for MailKit.</param>
    private readonly record struct Item(int Start, string Name, byte[] Octets);

    private FetchRepair(ReadOnlySpan<byte> answer, AnswerScan scan, bool isSummary)
    {
        _answer = answer;
        _scan = scan;
        _isSummary = isSummary;
    }

    /// <summary>Writes the answer without what is wrong in it.</summary>
    /// <param name="answer">The answer with its literals and its line end.</param>
    /// <param name="isSummary">True if MailKit parses a summary. Other answers are repaired only if they can be read to their end.</param>
    /// <param name="sizes">Receives the size by uid, if it is too large for MailKit.</param>
    /// <returns>False if that is not necessary, or nothing can be repaired.</returns>
    public static bool Apply(ReadOnlySpan<byte> answer, bool isSummary, IBufferWriter<byte> repaired, IDictionary<uint, long> sizes)
    {
        var scan = new AnswerScan(answer);
        if (!scan.Opening() || IsRight(answer, scan, isSummary))
        {
            return false;
        }
        var repair = new FetchRepair(answer, scan, isSummary);
        if (repair.Read() is var wrongAt and >= 0)
        {
            if (!isSummary)
            {
                return false;
            }
            repair.ReadAfter(wrongAt);
        }
        if (repair is { _uid: { } uid, _size: { } size })
        {
            sizes[uid] = size;
        }
        repaired.Write(answer[..scan.At]);
        foreach (var item in repair._items)
        {
            repaired.Write(" "u8);
            repaired.Write(item.Octets);
        }
        repaired.Write(")\r\n"u8);
        return true;
    }

    /// <summary>True if MailKit can read all values.</summary>
    private static bool IsRight(ReadOnlySpan<byte> answer, AnswerScan scan, bool isSummary)
    {
        while (true)
        {
            scan.Space();
            if (scan.IsClosing)
            {
                return true;
            }
            var start = scan.At;
            if (!scan.Name(out var name))
            {
                return false;
            }
            var hasSection = scan.At - start > name.Length;
            scan.Space();
            var at = scan.At;
            if (!Value(ref scan, name) || FetchItem.Readable(name, hasSection, answer[at..scan.At], isSummary) != answer[at..scan.At])
            {
                return false;
            }
        }
    }

    private static bool Value(ref AnswerScan scan, ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(name, Structure) ? scan.Body() : Ascii.EqualsIgnoreCase(name, "FLAGS") ? scan.Flags() : scan.Value();

    /// <summary>Reads the items, as far as it is certain where they begin.</summary>
    /// <returns>The position from which on it is not; -1 if there is none.</returns>
    private int Read()
    {
        var structure = -1;
        while (true)
        {
            _scan.Space();
            if (_scan.IsClosing)
            {
                return -1;
            }
            var start = _scan.At;
            if (!_scan.Name(out var name))
            {
                return structure >= 0 ? structure : start;
            }
            var named = _answer[start.._scan.At];
            _scan.Space();
            var at = _scan.At;
            structure = Ascii.EqualsIgnoreCase(name, Structure) ? at : structure;
            var isRead = Value(ref _scan, name);
            if (isRead && !FetchItem.IsName(_answer[at.._scan.At]))
            {
                Add(start, name, named, _answer[at.._scan.At]);
                continue;
            }
            Add(start, name, named, []);
            if (!isRead)
            {
                return structure >= 0 ? structure : at;
            }
            // The value is missing, and the next item follows.
            _scan.At = at;
        }
    }

    private void Add(int start, ReadOnlySpan<byte> name, ReadOnlySpan<byte> named, ReadOnlySpan<byte> value)
    {
        var word = Encoding.ASCII.GetString(name).ToUpperInvariant();
        if (FetchItem.Readable(name, named.Length > name.Length, value, _isSummary) is { IsEmpty: false } readable)
        {
            _items.Add(new Item(start, word, [.. named, (byte)' ', .. readable]));
            _uid = word == "UID" && Utf8Parser.TryParse(readable, out uint uid, out _) ? uid : _uid;
        }
        else if (word == "RFC822.SIZE" && FetchItem.Number(value) is { } size)
        {
            _size = size;
        }
    }

    /// <summary>
    /// Reads the items that follow a position, wherever they begin. A string of a structure can look like an item, but the real items come after it: the last one of each name counts, and a
    /// header only with its literal, which no string can contain.
    /// </summary>
    private void ReadAfter(int position)
    {
        _items.RemoveAll(item => item.Start >= position || item.Name == Structure);
        var text = Encoding.Latin1.GetString(Blank(_answer));
        var found = new Dictionary<string, int>();
        foreach (var item in Items().EnumerateMatches(text, position - 1))
        {
            var start = item.Index + 1;
            var end = text.AsSpan(start).IndexOfAny(' ', '[');
            found[text.Substring(start, end)] = start;
        }
        foreach (var item in _items)
        {
            found.Remove(item.Name);
        }
        foreach (var start in found.Values.Order().ToList())
        {
            _scan.At = start;
            if (_scan.Name(out var name) && _answer[start.._scan.At] is var named && _scan.Space() && _scan.At is var at && _scan.Value())
            {
                Add(start, name, named, _answer[at.._scan.At]);
            }
        }
    }

    /// <summary>Returns the answer with the octets of literals left out.</summary>
    private static byte[] Blank(ReadOnlySpan<byte> answer)
    {
        var blank = answer.ToArray();
        for (var at = 0; at < answer.Length;)
        {
            var end = answer[at..].IndexOf((byte)'\n') is >= 0 and var length ? at + length + 1 : answer.Length;
            var literal = AnswerScan.LiteralAtEnd(answer[at..end]) ?? 0;
            at = (int)Math.Min((long)end + literal, answer.Length);
            blank.AsSpan(end, at - end).Clear();
        }
        return blank;
    }

    [GeneratedRegex(@"[ )](?:UID [0-9]+(?=[ )])|INTERNALDATE ""[^""\r\n]{26}""|RFC822\.SIZE [0-9]+(?=[ )])|EMAILID \([^()\r\n]+\)|THREADID (?:NIL|\([^()\r\n]+\))|X-GM-(?:MSGID|THRID) [0-9]+(?=[ )])|PREVIEW (?:NIL|""[^""\r\n]*"")|BODY\[HEADER\.FIELDS \([^\]\r\n]*\)\] \{[0-9]+\}\r\n)")]
    private static partial Regex Items();
}
