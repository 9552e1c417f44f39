using System.Buffers;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace ImapGateway.Mail;

/// <summary>
/// The id of a message, mailbox or change: prefix, incarnation of the account (40 random bits, new whenever the account is created or its state is lost),
/// counter of the account; both in lower-case base32. The upper bits of the counter are the epoch of the database in which it was given: an id that was given before a restore
/// from a backup, and is lost, differs from every id that is given after it.
/// </summary>
public readonly partial record struct ObjectId(char Kind, string Incarnation, ulong Counter)
{
    public const char Message = 'm';
    public const char Mailbox = 'b';
    public const char Change = 'e';

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);
    private const int IncarnationLength = 8;
    private const int RandomLength = 13;

    /// <summary>The number of bits of a counter below the epoch. The whole counter is positive as a signed number, as databases store it.</summary>
    private const int NumberBits = 36;

    /// <summary>The largest epoch that fits into a counter.</summary>
    public const long LastEpoch = long.MaxValue >> NumberBits;

    /// <summary>The largest number that fits into a counter besides its epoch.</summary>
    public const long LastNumber = (1L << NumberBits) - 1;

    /// <summary>True if <see cref="NewIncarnation"/> can have made the text.</summary>
    public static bool IsIncarnation(string text) => text.Length == IncarnationLength && !text.AsSpan().ContainsAnyExcept(Letters);

    public static string NewIncarnation() => RandomNumberGenerator.GetString(Alphabet, IncarnationLength);

    /// <summary>Returns 65 random bits after a prefix, for objects without an account: keys, accounts, webhooks.</summary>
    public static string NewRandom(string prefix) => $"{prefix}_{RandomNumberGenerator.GetString(Alphabet, RandomLength)}";

    /// <summary>True for every form that the gateway gives to ids of any object. A client that chooses such an id for its own object could take another object's place.</summary>
    public static bool LooksMinted(string text) => Minted().IsMatch(text);

    public static string Format(char kind, string incarnation, ulong counter)
    {
        Span<char> text = stackalloc char[2 + IncarnationLength + 13];
        text[0] = kind;
        text[1] = '_';
        incarnation.CopyTo(text[2..]);
        var end = text.Length;
        do
        {
            text[--end] = Alphabet[(int)(counter & 31)];
            counter >>= 5;
        }
        while (counter != 0);
        var digits = text.Length - end;
        text[end..].CopyTo(text[(2 + IncarnationLength)..]);
        return new string(text[..(2 + IncarnationLength + digits)]);
    }

    /// <summary>Returns the counter for a number in an epoch. In the first epoch, 0, it is the number itself.</summary>
    /// <exception cref="OverflowException">The account has given more numbers than fit.</exception>
    public static ulong CounterIn(long epoch, long number) => number >> NumberBits == 0
        ? (ulong)(epoch << NumberBits | number)
        : throw new OverflowException($"The number {number} does not fit into an id.");

    /// <summary>Returns the epoch in which the counter was given.</summary>
    public static long EpochOf(ulong counter) => (long)(counter >> NumberBits);

    /// <summary>Returns the id of a change. Epochs do not interrupt its sequence number, but its id names the epoch.</summary>
    public static string OfChange(string incarnation, long epoch, long sequence) => Format(Change, incarnation, CounterIn(epoch, sequence));

    /// <summary>The counter without its epoch. For a change it is the sequence number.</summary>
    public long Number => (long)(Counter & ((1UL << NumberBits) - 1));

    /// <summary>The epoch in which the id was given.</summary>
    public long Epoch => EpochOf(Counter);

    public override string ToString() => Format(Kind, Incarnation, Counter);

    /// <summary>Parses an id. Returns false for a text that <see cref="Format"/> cannot have made.</summary>
    public static bool TryParse(string? text, out ObjectId id)
    {
        id = default;
        if (text is null || text.Length is < 2 + IncarnationLength + 1 or > 2 + IncarnationLength + 13 || text[1] != '_' || text[0] is not (Message or Mailbox or Change))
        {
            return false;
        }
        ulong counter = 0;
        for (var i = 2; i < text.Length; i++)
        {
            var digit = Alphabet.IndexOf(text[i], StringComparison.Ordinal);
            if (digit < 0 || (counter >> 59) != 0)
            {
                return false;
            }
            counter = i < 2 + IncarnationLength ? 0 : counter << 5 | (uint)digit;
        }
        id = new ObjectId(text[0], text.Substring(2, IncarnationLength), counter);
        return id.ToString() == text;
    }

    [GeneratedRegex(@"^(?:[mbe]_[a-z2-7]{9,21}|(?:acc|key|wh)_[a-z2-7]{13})\z")]
    private static partial Regex Minted();
}
