using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>Finds the lines in one direction of an IMAP connection, whatever pieces it comes in. Literals (RFC 9051 section 4.3) are skipped, not kept.</summary>
internal sealed partial class TapLines
{
    private readonly StringBuilder _line = new();
    private long _literal;

    /// <summary>Octets that may be passed on, and the line that ends with them, if one does.</summary>
    public (int Length, string? Line) Take(ReadOnlySpan<byte> octets)
    {
        if (_literal > 0)
        {
            var skipped = (int)Math.Min(_literal, octets.Length);
            _literal -= skipped;
            return (skipped, null);
        }

        var end = octets.IndexOf((byte)'\n');
        var piece = end < 0 ? octets : octets[..(end + 1)];
        _line.Append(Encoding.Latin1.GetString(piece));
        if (end < 0)
        {
            return (piece.Length, null);
        }

        var line = _line.ToString().TrimEnd('\r', '\n');
        if (Literal().Match(line) is { Success: true } literal)
        {
            _literal = long.Parse(literal.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            _line.Clear().Append(line.AsSpan(0, literal.Index)).Append(CultureInfo.InvariantCulture, $"<{_literal} octets>");
            return (piece.Length, null);
        }

        _line.Clear();
        return (piece.Length, line);
    }

    [GeneratedRegex(@"\{(\d+)\+?\}$")]
    private static partial Regex Literal();
}
