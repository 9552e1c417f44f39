using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.Http;

/// <summary>The kinds of responses to a Range header (RFC 9110 section 14.2).</summary>
public enum RangeOutcome
{
    /// <summary>200 with everything: there is no range, or several, or an invalid one, or another unit, or a suffix of a representation without known length. A server may ignore any Range.</summary>
    Whole,
    /// <summary>206 with <see cref="ByteRange"/>.</summary>
    Partial,
    /// <summary>416: the range begins behind the end.</summary>
    Unsatisfiable,
}

/// <summary>A range of octets.</summary>
/// <param name="First">Offset of the first octet.</param>
/// <param name="Last">Offset of the last octet, inclusive; null: to the end of a representation without known length.</param>
public readonly record struct ByteRange(long First, long? Last)
{
    /// <summary>The number of octets; null where the end is not known.</summary>
    public long? Length => Last - First + 1;

    /// <param name="header">The Range header.</param>
    /// <param name="length">Octets of the whole; null where it is known only after sending (decoded parts), and then suffix ranges are answered with the whole.</param>
    /// <param name="range">Meaningful with <see cref="RangeOutcome.Partial"/> only; clipped to the length.</param>
    public static RangeOutcome Parse(StringValues header, long? length, out ByteRange range)
    {
        range = default;
        if (header.Count != 1 || !RangeHeaderValue.TryParse(header.ToString(), out var parsed) || !parsed.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase) || parsed.Ranges.Count != 1)
        {
            return RangeOutcome.Whole;
        }
        var asked = parsed.Ranges.First();
        if (asked.From is { } from)
        {
            if (from >= length)
            {
                return RangeOutcome.Unsatisfiable;
            }
            range = new ByteRange(from, length is { } end ? Math.Min(asked.To ?? long.MaxValue, end - 1) : asked.To);
            return RangeOutcome.Partial;
        }
        if (length is not { } known || asked.To is not { } suffix)
        {
            return RangeOutcome.Whole;
        }
        if (suffix == 0 || known == 0)
        {
            return RangeOutcome.Unsatisfiable;
        }
        range = new ByteRange(Math.Max(0, known - suffix), known - 1);
        return RangeOutcome.Partial;
    }

    /// <summary>Content-Range of a 206; the length is <c>*</c> where it is not known.</summary>
    /// <param name="first">Offset of the first octet sent.</param>
    /// <param name="last">Offset of the last octet sent: a range without end must be given one (RFC 9110 section 14.4).</param>
    /// <param name="length">Octets of the whole.</param>
    public static string ContentRange(long first, long last, long? length) =>
        string.Create(CultureInfo.InvariantCulture, $"bytes {first}-{last}/{(length is { } known ? known.ToString(CultureInfo.InvariantCulture) : "*")}");

    /// <summary>Content-Range of a 416.</summary>
    public static string Unsatisfied(long length) => string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");
}
