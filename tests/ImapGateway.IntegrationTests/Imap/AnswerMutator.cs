using System.Globalization;
using System.Text;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Changes what an honest server says: what it writes is the same for the same seed.</summary>
public sealed class AnswerMutator(int seed)
{
    private const int MostOctets = 400_000;

    private static readonly string[] Words =
    [
        "\"", "\"\"", "\\", "\\\"", "\r\n", "\n", "\r", "(", ")", "[", "]", "{", "}", "{0}\r\n", "{5}\r\n", "{5+}\r\n", "{999}\r\n", "{2000000000}\r\n", "{2000000000}", "{4294967296}\r\n", "{-1}\r\n",
        " ", "\0", "\u00ff", "NIL", " NIL ", "<0>", "+ ", "* ", "-1", "0", "4294967295", "99999999999999999999", "=?utf-8?b?/w==?=", "&", "&-", "*", "%",
        "* 1 FETCH (", "* 1 FETCH (UID 1 BODYSTRUCTURE (", "* 1 FETCH (UID 1 ENVELOPE (NIL \"x\r\n {2000000000}\r\n\" ", "* THREAD (", "* LIST () \"/\" ", "* STATUS INBOX (", "* OK [", "* OK \"",
        "* BYE ", "* NAMESPACE ((\"\" \"/\"", "* VANISHED (EARLIER) 1:4294967295", "* ESEARCH UID ALL 1:4294967295", " BODY[] {99}\r\n", " BODYSTRUCTURE ", " ENVELOPE ", " FLAGS (", "X {999999}\r\n",
        "(NIL NIL \"g\" NIL)", "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ", "(\")\" ", ") \"MIXED\"", "\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1",
    ];

    private static readonly int[] Repetitions = [1, 1, 1, 1, 1, 2, 2, 10, 120, 700, 3_000, 20_000];

    private readonly Random _random = new(seed);

    /// <summary>A number from 0 to <paramref name="below"/> - 1.</summary>
    public int Next(int below) => _random.Next(below);

    public byte[] Mutate(byte[] answer)
    {
        var text = new StringBuilder(Encoding.Latin1.GetString(answer));
        for (var times = 1 + Next(6); times > 0 && text.Length < MostOctets; times--)
        {
            Change(text);
        }
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private void Change(StringBuilder text)
    {
        var at = Next(text.Length + 1);
        var length = Math.Min(Next(40), text.Length - at);
        switch (Next(9))
        {
            case 0 or 1 or 2:
                text.Insert(at, Repeated(Words[Next(Words.Length)]));
                break;
            case 3:
                text.Remove(at, length).Insert(at, Words[Next(Words.Length)]);
                break;
            case 4:
                text.Remove(at, length);
                break;
            case 5:
                text.Insert(at, Repeated(text.ToString(at, length)));
                break;
            case 6:
                text.Length = at;
                break;
            case 7 when at < text.Length:
                text[at] = (char)Next(256);
                break;
            default:
                Splice(text);
                break;
        }
    }

    /// <summary>Something of the answer at another place, or another number in place of one.</summary>
    private void Splice(StringBuilder text)
    {
        var all = text.ToString();
        var digit = all.IndexOfAny([.. "0123456789"], Next(all.Length + 1));
        if (digit >= 0 && Next(2) == 0)
        {
            text.Remove(digit, 1).Insert(digit, _random.NextInt64().ToString(CultureInfo.InvariantCulture));
            return;
        }
        var (from, to) = (Next(all.Length + 1), Next(all.Length + 1));
        text.Insert(Next(all.Length + 1), all[Math.Min(from, to)..Math.Max(from, to)]);
    }

    private string Repeated(string word) => word.Length == 0 ? "" : new StringBuilder().Insert(0, word, Math.Min(Repetitions[Next(Repetitions.Length)], 1 + MostOctets / word.Length)).ToString();
}
