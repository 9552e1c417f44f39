using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>
/// Removes a BODYSTRUCTURE that departs from the grammar from an answer before MailKit sees it: MailKit closes the connection if it cannot parse one, and accepts impossible ones. The other items
/// of the answer are kept, and the structure is read from the message itself (<see cref="StructureFetch"/>). Works on the answers to one command while they arrive.
/// </summary>
public sealed partial class StructureFilter
{
    /// <summary>
    /// The longest answer about one message with its literals that is checked: what each connection may keep in memory (<see cref="AnswerMemory.Small"/>). From a longer one on nothing is checked.
    /// </summary>
    private const int LongestAnswer = (int)AnswerMemory.Small;

    /// <summary>The maximum number of octets that are kept between two commands.</summary>
    private const int MostKept = 64 << 10;

    private ArrayBufferWriter<byte> _answer = new();
    private int _literal;

    /// <summary>True while answers with structures are arriving.</summary>
    public bool IsActive { get; private set; }

    /// <summary>Records that the next command was sent.</summary>
    /// <param name="asksForStructures">True if it is a FETCH of BODYSTRUCTURE.</param>
    public void Sent(bool asksForStructures)
    {
        (IsActive, _literal) = (asksForStructures, 0);
        _answer.ResetWrittenCount();
        if (_answer.Capacity > MostKept)
        {
            _answer = new ArrayBufferWriter<byte>();
        }
    }

    /// <summary>Filters octets that follow those of the previous call, and appends those for MailKit to <paramref name="passed"/>.</summary>
    public void Filter(ReadOnlySpan<byte> octets, IBufferWriter<byte> passed)
    {
        while (!octets.IsEmpty)
        {
            var isLiteral = _literal > 0;
            var length = isLiteral ? Math.Min(_literal, octets.Length) : octets.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : octets.Length;
            _answer.Write(octets[..length]);
            _literal -= isLiteral ? length : 0;
            var isLine = !isLiteral && octets[length - 1] == '\n';
            octets = octets[length..];
            var answer = _answer.WrittenSpan;
            if (isLine && IsAboutMessage(answer) && LiteralAtEnd(answer) is { } literal)
            {
                _literal = literal;
            }
            else if (isLine)
            {
                if (!Repair(answer, passed))
                {
                    passed.Write(answer);
                }
                _answer.ResetWrittenCount();
            }
            if (_answer.WrittenCount > LongestAnswer || _literal > LongestAnswer)
            {
                passed.Write(_answer.WrittenSpan);
                passed.Write(octets);
                Sent(asksForStructures: false);
                return;
            }
        }
    }

    private static bool IsAboutMessage(ReadOnlySpan<byte> answer) => answer is [(byte)'*', (byte)' ', >= (byte)'0' and <= (byte)'9', ..];

    private static int? LiteralAtEnd(ReadOnlySpan<byte> line)
    {
        var start = line.LastIndexOf((byte)'{');
        return start >= 0 && AnswerScan.LiteralAt(line[start..], out var length) == line.Length - start ? length : null;
    }

    /// <summary>Writes the answer without its structure.</summary>
    /// <returns>False if that is not necessary.</returns>
    public static bool Repair(ReadOnlySpan<byte> answer, IBufferWriter<byte> repaired)
    {
        var scan = new AnswerScan(answer);
        if (!scan.Opening())
        {
            return false;
        }
        var opening = scan.At;
        var kept = new List<(string Name, Range Item)>();
        var structure = -1;
        while (true)
        {
            var start = scan.At;
            if (scan.IsClosing)
            {
                return false;
            }
            scan.Space();
            if (!scan.Name(out var name) || !scan.Space())
            {
                break;
            }
            var isStructure = Ascii.EqualsIgnoreCase(name, "BODYSTRUCTURE"u8);
            structure = isStructure ? scan.At : structure;
            if (isStructure ? !scan.Body() : !scan.Value())
            {
                break;
            }
            if (!isStructure)
            {
                kept.Add((Encoding.ASCII.GetString(name).ToUpperInvariant(), start..scan.At));
            }
        }
        if (structure < 0)
        {
            // Something else is wrong, and MailKit may handle it.
            return false;
        }
        kept.RemoveAll(one => one.Item.Start.Value >= structure);
        foreach (var (name, item) in After(answer, structure).Where(one => kept.TrueForAll(other => other.Name != one.Name)))
        {
            kept.Add((name, item));
        }
        repaired.Write(answer[..opening]);
        foreach (var (_, item) in kept)
        {
            repaired.Write(" "u8);
            repaired.Write(answer[item].TrimStart((byte)' '));
        }
        repaired.Write(")\r\n"u8);
        return true;
    }

    /// <summary>
    /// Finds the items that follow the structure, wherever it ends. A string of the structure can look like an item, but the real items come after it: the last one of each name counts, and a
    /// header only with its literal, which no string can contain.
    /// </summary>
    private static List<(string Name, Range Item)> After(ReadOnlySpan<byte> answer, int structure)
    {
        var text = Encoding.Latin1.GetString(Blank(answer));
        var found = new List<(string Name, Range Item)>();
        foreach (var item in Items().EnumerateMatches(text, structure - 1))
        {
            var scan = new AnswerScan(answer) { At = item.Index + 1 };
            if (scan.Name(out var name) && scan.Space() && scan.Value())
            {
                var word = Encoding.ASCII.GetString(name);
                found.RemoveAll(one => one.Name == word);
                found.Add((word, (item.Index + 1)..scan.At));
            }
        }
        return found;
    }

    /// <summary>Returns the answer with the octets of literals left out.</summary>
    private static byte[] Blank(ReadOnlySpan<byte> answer)
    {
        var blank = answer.ToArray();
        for (var at = 0; at < answer.Length;)
        {
            var end = answer[at..].IndexOf((byte)'\n') is >= 0 and var length ? at + length + 1 : answer.Length;
            var literal = LiteralAtEnd(answer[at..end]) ?? 0;
            at = (int)Math.Min((long)end + literal, answer.Length);
            blank.AsSpan(end, at - end).Clear();
        }
        return blank;
    }

    [GeneratedRegex(@"[ )](?:UID [0-9]+(?=[ )])|INTERNALDATE ""[^""\r\n]{26}""|RFC822\.SIZE [0-9]+(?=[ )])|EMAILID \([^()\r\n]+\)|THREADID (?:NIL|\([^()\r\n]+\))|X-GM-(?:MSGID|THRID) [0-9]+(?=[ )])|PREVIEW (?:NIL|""[^""\r\n]*"")|BODY\[HEADER\.FIELDS \([^\]\r\n]*\)\] \{[0-9]+\}\r\n)")]
    private static partial Regex Items();
}
