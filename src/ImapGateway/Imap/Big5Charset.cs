using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>Decodes Big5 with the Hong Kong Supplementary Character Set, which senders use under both names (WHATWG Encoding section 12.1). .NET knows Big5 alone.</summary>
public sealed class Big5Charset : Charset
{
    /// <summary>The trail octets in the order of the table's columns.</summary>
    private static readonly byte[] Trails = [.. Enumerable.Range(0x40, 0x3F).Concat(Enumerable.Range(0xA1, 0x5E)).Select(octet => (byte)octet)];

    private static readonly Lazy<FrozenDictionary<int, string>> Supplement = new(Read);

    private readonly PlatformCharset _big5 = new(950);

    public override string Decode(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length);
        var plain = 0;
        for (var at = 0; at < octets.Length; at++)
        {
            if (octets[at] < 0x81 || at + 1 == octets.Length)
            {
                continue;
            }
            if (Supplement.Value.TryGetValue(octets[at] << 8 | octets[at + 1], out var character))
            {
                text.Append(_big5.Decode(octets[plain..at])).Append(character);
                plain = at + 2;
            }
            at++;
        }
        return text.Append(_big5.Decode(octets[plain..])).ToString();
    }

    /// <summary>Reads the table. It has one line for each lead octet: the octet in hexadecimal, and the characters of all trail octets, with U+FFFD where there is no character.</summary>
    private static FrozenDictionary<int, string> Read()
    {
        using var resource = typeof(Big5Charset).Assembly.GetManifestResourceStream("Big5Hkscs.txt")!;
        using var reader = new StreamReader(resource, Encoding.UTF8);
        var characters = new Dictionary<int, string>();
        while (reader.ReadLine() is { } line)
        {
            var lead = int.Parse(line.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var column = -1;
            foreach (var rune in line[3..].EnumerateRunes())
            {
                // Four characters are two code points: a letter and its macron or caron.
                if (rune.Value is 0x304 or 0x30C)
                {
                    characters[lead << 8 | Trails[column]] += rune;
                    continue;
                }
                column++;
                if (rune != Rune.ReplacementChar)
                {
                    characters[lead << 8 | Trails[column]] = rune.ToString();
                }
            }
        }
        return characters.ToFrozenDictionary();
    }
}
