using System.Collections.Immutable;
using System.Text;

namespace ImapGateway.Mail;

/// <summary>
/// Removes secrets from text of a server that knows them, for example a password that a mail server repeats. A secret is found in any case and in each
/// encoding: base64 (also as a part of something larger, such as SASL PLAIN), percent, quoted-printable, hexadecimal, escapes of JSON, HTML, C and quoted strings, lists of
/// character numbers, several of them on top of each other, and across line ends.
/// </summary>
public sealed class Redaction
{
    public const string Mask = "***";

    /// <summary>A redaction without secrets.</summary>
    public static readonly Redaction None = new([]);

    /// <summary>The length of the shortest secret that can be masked. A shorter one occurs in any text by chance, and a mask would show what it is.</summary>
    private const int Shortest = 4;

    /// <summary>The length from which a secret is masked inside a word. A shorter one is masked only if it stands alone: "pass" is not removed from "password".</summary>
    private const int ShortestInWord = 8;

    /// <summary>The length of a piece of a longer secret that is also removed: the text may be cut off.</summary>
    private const int Piece = 10;

    /// <summary>The length that is shown of a longer text: a user needs no more of a server's response.</summary>
    public const int LongestText = 4 * 1024;

    /// <summary>The number of characters of a text for one character of a secret, in the longest encodings.</summary>
    private const int MostPerCharacter = 16;

    /// <summary>The number of encodings on top of each other.</summary>
    private const int MaxDepth = 3;

    /// <summary>Words of nearly every refusal. If one of them is the secret, the text does not show it; a mask would.</summary>
    private static readonly HashSet<string> Ordinary = new(StringComparer.OrdinalIgnoreCase)
    {
        "access", "account", "authentication", "credentials", "denied", "error", "failed", "invalid", "login", "mail", "name", "password", "refused", "server", "user", "username", "wrong",
    };

    private readonly ImmutableArray<string> _secrets;
    private readonly HashSet<string> _pieces;
    private readonly int _longest;
    private readonly bool _hidesAll;

    /// <param name="secrets">The secrets. Empty ones are ignored, and those that are ordinary words of a refusal.</param>
    public Redaction(IEnumerable<string> secrets)
    {
        var given = secrets.Where(secret => secret.Length > 0 && !Ordinary.Contains(secret)).ToList();
        _hidesAll = given.Exists(secret => secret.Length < Shortest);
        _secrets = [.. given.Where(secret => secret.Length >= Shortest)
            .SelectMany(FormsOf)
            .SelectMany(secret => new[] { secret, string.Concat(secret.Where(IsKept)) })
            .Where(secret => secret.Length >= Shortest).Distinct()];
        _longest = _secrets.IsEmpty ? 0 : _secrets.Max(secret => secret.Length);
        _pieces = _secrets.Where(secret => secret.Length > Piece)
            .SelectMany(secret => Enumerable.Range(0, secret.Length - Piece + 1).Select(at => secret.Substring(at, Piece))).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Returns the secret as servers may repeat it. Texts of servers are Latin-1 here, but secrets are sent in UTF-8, and some mechanisms use UTF-16; in these encodings another case has other octets.</summary>
    private static IEnumerable<string> FormsOf(string secret)
    {
        if (Ascii.IsValid(secret))
        {
            return [secret];
        }
        string[] forms = [secret, secret.ToUpperInvariant(), secret.ToLowerInvariant()];
        Encoding[] encodings = [Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode];
        return forms.Concat(forms.SelectMany(form => encodings.Select(encoding => Encoding.Latin1.GetString(encoding.GetBytes(form)))));
    }

    /// <returns>The text with <see cref="Mask"/> in place of secrets, or null if a secret is too short to distinguish it from other text, so that nothing of the text may be shown.</returns>
    public string? Apply(string? text)
    {
        if (string.IsNullOrEmpty(text) || (_secrets.IsEmpty && !_hidesAll))
        {
            return text;
        }
        if (_hidesAll)
        {
            return null;
        }
        // The search costs a few hundred times the length of the text. At the place where the text is cut, a secret may be cut too, and would not be found.
        var most = LongestText + (2 * MostPerCharacter * _longest);
        var kept = text.Length <= most ? text : text[..most];
        var isSecret = new bool[kept.Length];
        Search(View.Of(kept), isSecret, 0, []);
        if (kept.Length < text.Length)
        {
            (kept, isSecret) = (kept[..^(MostPerCharacter * _longest)], isSecret[..^(MostPerCharacter * _longest)]);
        }
        return isSecret.Contains(true) ? Masked(kept, isSecret) : kept;
    }

    /// <summary>Removes secrets from octets.</summary>
    public byte[] Apply(byte[] octets) => Apply(Encoding.Latin1.GetString(octets)) is { } text ? Encoding.Latin1.GetBytes(text) : [];

    /// <param name="searched">The views that were searched, because different orders of decoding lead to the same text. The value is the depth.</param>
    private void Search(View view, bool[] isSecret, int depth, Dictionary<(string Text, int Start, int End), int> searched)
    {
        var key = (view.Text, view.Places[0].Start, view.Places[^1].End);
        if (searched.TryGetValue(key, out var before) && before <= depth)
        {
            return;
        }
        searched[key] = depth;
        foreach (var secret in _secrets)
        {
            for (var at = 0; (at = view.Text.IndexOf(secret, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
            {
                if (secret.Length >= ShortestInWord || view.IsOctets || view.IsWord(at, secret.Length))
                {
                    view.Mark(at, secret.Length, isSecret);
                }
            }
        }
        var pieces = _pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = 0; _pieces.Count > 0 && at + Piece <= view.Text.Length; at++)
        {
            if (pieces.Contains(view.Text.AsSpan(at, Piece)))
            {
                view.Mark(at, Piece, isSecret);
            }
        }
        if (depth < MaxDepth)
        {
            foreach (var decoded in view.Decoded().Where(decoded => decoded.Text.Length >= Shortest))
            {
                Search(decoded, isSecret, depth + 1, searched);
            }
        }
    }

    private static string Masked(string text, bool[] isSecret)
    {
        var masked = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            if (!isSecret[at])
            {
                masked.Append(text[at]);
            }
            else if (at == 0 || !isSecret[at - 1])
            {
                masked.Append(Mask);
            }
        }
        return masked.ToString();
    }

    private static bool IsKept(char octet) => !char.IsWhiteSpace(octet) && !char.IsControl(octet);

    /// <summary>A text in its original or in a decoded form.</summary>
    /// <param name="Places">The place in the original text that each character comes from, end exclusive.</param>
    /// <param name="IsOctets">True if the text was decoded from base64 or hexadecimal digits, or is derived from such a text.</param>
    private sealed record View(string Text, (int Start, int End)[] Places, bool IsOctets = false)
    {
        private const int ShortestRun = 6;

        public static View Of(string text) => new(text, [.. Enumerable.Range(0, text.Length).Select(at => (at, at + 1))]);

        public void Mark(int at, int length, bool[] isSecret) => Array.Fill(isSecret, true, Places[at].Start, Places[at + length - 1].End - Places[at].Start);

        public bool IsWord(int at, int length) => IsBoundary(at) && IsBoundary(at + length);

        /// <summary>True at the end of a word, and at a place where characters were left out.</summary>
        private bool IsBoundary(int at) => at == 0 || at == Text.Length || !char.IsLetterOrDigit(Text[at - 1]) || !char.IsLetterOrDigit(Text[at]) || Places[at - 1].End < Places[at].Start;

        public IEnumerable<View> Decoded()
        {
            if (Text.Any(octet => !IsKept(octet)))
            {
                var kept = Enumerable.Range(0, Text.Length).Where(at => IsKept(Text[at])).ToList();
                yield return new View(string.Concat(kept.Select(at => Text[at])), [.. kept.Select(at => Places[at])], IsOctets);
            }
            foreach (var scheme in CharacterEscape.Schemes)
            {
                if (Unescaped(scheme) is { } unescaped)
                {
                    yield return unescaped;
                }
            }
            if (Text.Contains("=?", StringComparison.Ordinal))
            {
                // RFC 2047 section 4.2.
                yield return this with { Text = Text.Replace('_', ' ') };
            }
            if (Text.Contains('+', StringComparison.Ordinal))
            {
                yield return this with { Text = Text.Replace('+', ' ') };
            }
            foreach (var (start, end) in Runs(IsBase64))
            {
                for (var offset = 0; offset < 4 && end - start - offset >= ShortestRun; offset++)
                {
                    yield return From(FromBase64(Text[(start + offset)..end]), start + offset, end, digits: 4, octets: 3);
                }
            }
            foreach (var (start, end) in Runs(char.IsAsciiHexDigit))
            {
                for (var offset = 0; offset < 2 && end - start - offset >= 2 * Shortest; offset++)
                {
                    yield return From(FromHex(Text[(start + offset)..end]), start + offset, end, digits: 2, octets: 1);
                }
            }
            foreach (var numbers in CharacterNumbers.In(Text))
            {
                yield return new View(string.Concat(numbers.Select(one => one.Value)), [.. numbers.Select(one => (Places[one.Start].Start, Places[one.End - 1].End))], IsOctets: true);
            }
        }

        /// <summary>Maps decoded octets to their digits: a group of digits stands for a group of octets, and is removed as a whole.</summary>
        private View From(string decoded, int start, int end, int digits, int octets) => new(
            decoded,
            [.. Enumerable.Range(0, decoded.Length).Select(at => start + at / octets * digits).Select(first => (Places[first].Start, Places[Math.Min(first + digits, end) - 1].End))],
            IsOctets: true);

        private IEnumerable<(int Start, int End)> Runs(Func<char, bool> belongs)
        {
            for (var at = 0; at < Text.Length;)
            {
                var end = at;
                while (end < Text.Length && belongs(Text[end]))
                {
                    end++;
                }
                if (end - at >= ShortestRun)
                {
                    yield return (at, end);
                }
                at = end + 1;
            }
        }

        private View? Unescaped(CharacterEscape.Scheme scheme)
        {
            var text = new StringBuilder();
            var places = new List<(int, int)>();
            for (var at = 0; at < Text.Length;)
            {
                var length = scheme(Text.AsSpan(at), text);
                var place = (Places[at].Start, Places[at + length - 1].End);
                while (places.Count < text.Length)
                {
                    places.Add(place);
                }
                at += length;
            }
            return text.Equals(Text.AsSpan()) ? null : new View(text.ToString(), [.. places], IsOctets);
        }

        private static bool IsBase64(char octet) => char.IsAsciiLetterOrDigit(octet) || octet is '+' or '/' or '-' or '_' or '=';

        private static string FromBase64(string text)
        {
            var digits = text.Replace('-', '+').Replace('_', '/').Split('=', 2)[0];
            var octets = new byte[digits.Length];
            return Convert.TryFromBase64String(digits[..(digits.Length / 4 * 4)], octets, out var written)
                ? Encoding.Latin1.GetString(octets, 0, written) + Rest(digits[(digits.Length / 4 * 4)..])
                : "";
        }

        /// <summary>Decodes the two or three digits at the end, which stand for one or two octets.</summary>
        private static string Rest(string digits) => digits.Length < 2 ? "" : Encoding.Latin1.GetString(Convert.FromBase64String(digits.PadRight(4, '=')));

        private static string FromHex(string text) => Encoding.Latin1.GetString(Convert.FromHexString(text[..(text.Length / 2 * 2)]));
    }
}
