using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace ImapGateway.Mail;

/// <summary>
/// Ids of messages, mailboxes and changes: prefix, incarnation of the account (40 random bits, new whenever the account is created or its state is lost),
/// counter of the account; both in lower-case base32. Whether an id was ever minted can be told from it alone.
/// </summary>
public readonly partial record struct ObjectId(char Kind, string Incarnation, ulong Counter)
{
    public const char Message = 'm';
    public const char Mailbox = 'b';
    public const char Change = 'e';

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int IncarnationLength = 8;
    private const int RandomLength = 13;

    public static string NewIncarnation() => RandomNumberGenerator.GetString(Alphabet, IncarnationLength);

    /// <summary>65 random bits behind a prefix, for what has no account: keys, accounts, webhooks.</summary>
    public static string NewRandom(string prefix) => $"{prefix}_{RandomNumberGenerator.GetString(Alphabet, RandomLength)}";

    /// <summary>True for every form that the gateway gives to ids of anything: a client that chooses such an id for its own could take another object's place.</summary>
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

    public override string ToString() => Format(Kind, Incarnation, Counter);

    /// <summary>False for anything that <see cref="Format"/> cannot have made.</summary>
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
