using System.Buffers;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>
/// Corrects the answers to SEARCH before MailKit sees them: an ESEARCH with the tag of another command (RFC 4731 section 3.1), at which it ends the session, is left out, and of several with the right
/// tag, of which it keeps the last one, one is made. An empty SEARCH, at which it fails if there were numbers before, says nothing and is left out, too.
/// </summary>
public sealed class SearchFilter
{
    /// <summary>The maximum number of octets that are kept back. Longer answers arrive as they are.</summary>
    private const int Most = (int)AnswerMemory.Small;

    private readonly List<string> _answers = [];
    private ArrayBufferWriter<byte> _line = new();
    private int _octets;
    private bool _isSearch;
    private bool _isPassing;
    private string _tag = "";

    private static ReadOnlySpan<byte> Prefix => "* ESEARCH"u8;

    private static ReadOnlySpan<byte> Plain => "* SEARCH"u8;

    /// <summary>True if answers to SEARCH may be arriving, or a line has begun to arrive.</summary>
    public bool IsActive => _isSearch || _isPassing || _line.WrittenCount > 0;

    /// <summary>Records that the next command was sent.</summary>
    public void Sent(string tag, ReadOnlySpan<byte> command)
    {
        (_tag, _octets) = (tag, 0);
        _isSearch = command.StartsWith("UID SEARCH"u8);
        _answers.Clear();
        if (_line.WrittenCount == 0 && _line.Capacity > Most / 16)
        {
            _line = new ArrayBufferWriter<byte>();
        }
    }

    /// <summary>Filters octets that follow those of the previous call, and appends those for MailKit to <paramref name="passed"/>.</summary>
    public void Filter(ReadOnlySpan<byte> octets, IBufferWriter<byte> passed)
    {
        while (!octets.IsEmpty)
        {
            var length = octets.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : octets.Length;
            var piece = octets[..length];
            var isEnd = piece[^1] == '\n';
            octets = octets[length..];
            if (!_isPassing)
            {
                _line.Write(piece);
                var line = _line.WrittenSpan;
                if ((Begins(line, Prefix) || IsEmpty(line)) && line.Length + _octets <= Most)
                {
                    Take(line, isEnd, passed);
                    continue;
                }
                // MailKit adds the numbers of SEARCH to those of an ESEARCH before it.
                End(passed);
                _isPassing = true;
            }
            else
            {
                passed.Write(piece);
            }
            _isPassing = !isEnd;
        }
    }

    /// <summary>Appends what was kept back.</summary>
    public void End(IBufferWriter<byte> passed)
    {
        var sets = _answers.Select(SetOf).OfType<string>().ToList();
        if (_answers.Count > 0)
        {
            passed.Write(Encoding.Latin1.GetBytes(sets.Count < 2 ? _answers.Find(answer => SetOf(answer) is not null) ?? _answers[0] : $"* ESEARCH (TAG \"{_tag}\") UID ALL {string.Join(',', sets)}\r\n"));
        }
        passed.Write(_line.WrittenSpan);
        _answers.Clear();
        _line.ResetWrittenCount();
        _octets = 0;
    }

    private void Take(ReadOnlySpan<byte> line, bool isEnd, IBufferWriter<byte> passed)
    {
        if (!isEnd)
        {
            return;
        }
        var answer = Encoding.Latin1.GetString(line);
        _line.ResetWrittenCount();
        if (!_isSearch)
        {
            passed.Write(Encoding.Latin1.GetBytes(answer));
        }
        else if (!IsEmpty(answer) && (TagOf(answer) is not { } tag || tag == _tag))
        {
            _answers.Add(answer);
            _octets += answer.Length;
        }
    }

    /// <summary>True if the line is, or may become, a SEARCH without numbers.</summary>
    private static bool IsEmpty(ReadOnlySpan<byte> line) => Begins(line, Plain) && (line.Length <= Plain.Length || line[Plain.Length..].Trim(" \r\n"u8) is [] or [(byte)'(', ..]);

    private static bool IsEmpty(string answer) => IsEmpty(Encoding.Latin1.GetBytes(answer));

    private static bool Begins(ReadOnlySpan<byte> line, ReadOnlySpan<byte> prefix)
    {
        var length = Math.Min(prefix.Length, line.Length);
        return Ascii.EqualsIgnoreCase(line[..length], prefix[..length]);
    }

    private static string? TagOf(string answer)
    {
        const string Start = "(TAG ";
        var at = answer.IndexOf(Start, StringComparison.OrdinalIgnoreCase);
        var end = at < 0 ? -1 : answer.IndexOf(')', at);
        return end < 0 ? null : answer[(at + Start.Length)..end].Trim(' ', '"');
    }

    /// <summary>Returns the set of all results; null if there are none.</summary>
    private static string? SetOf(string answer)
    {
        var words = answer.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.FindIndex(words, word => word.Equals("ALL", StringComparison.OrdinalIgnoreCase));
        return at < 0 || at + 1 == words.Length ? null : words[at + 1].Trim();
    }
}
