using System.Text.RegularExpressions;

namespace ImapGateway.Mail;

/// <summary>Finds text that is written as a list of the numbers of its characters or octets, such as "70:61:73:73", "0x70, 0x61" or "[112,97]".</summary>
public static partial class CharacterNumbers
{
    private static readonly int[] Bases = [16, 10, 8];

    /// <summary>A character and its place in the text.</summary>
    public readonly record struct Numbered(char Value, int Start, int End);

    /// <summary>Returns each list of four or more numbers, read as hexadecimal, decimal and octal numbers where that is possible.</summary>
    public static IEnumerable<IReadOnlyList<Numbered>> In(string text)
    {
        foreach (Match list in Lists().Matches(text))
        {
            var numbers = list.Groups["number"].Captures;
            foreach (var numberBase in Bases)
            {
                var read = numbers.Select(one => new Numbered((char)(CharacterEscape.Number(one.ValueSpan, numberBase) ?? 0), one.Index, one.Index + one.Length)).ToList();
                if (read.Exists(one => one.Value != 0))
                {
                    yield return read;
                }
            }
        }
    }

    [GeneratedRegex("(?<![0-9A-Za-z])(?:0[xX])?(?<number>[0-9A-Fa-f]{1,4})(?:[^0-9A-Za-z]{1,3}(?:0[xX])?(?<number>[0-9A-Fa-f]{1,4})(?![0-9A-Za-z])){3,}")]
    private static partial Regex Lists();
}
