using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>
/// Parses dates of header fields: RFC 5322 section 3.3 with its obsolete forms, ISO 8601, and other forms that senders write. A date whose zone or time cannot be understood gives no date: no date
/// is better than a wrong instant.
/// </summary>
public static partial class Dates
{
    private const int FirstYear = 1900;
    private const int MaxLength = 500;

    /// <summary>The maximum number of levels of nested comments. A date has one.</summary>
    private const int MaxNesting = 3;

    /// <summary>The largest offset that any place has used, in minutes.</summary>
    private const int MaxOffset = 14 * 60;

    /// <summary>The zones by name, in hours from UTC. Names that several zones share (IST, AST) are missing. RFC 5322 section 4.3 defines the names of North America.</summary>
    private static readonly FrozenDictionary<string, double> Zones = Table(
        (-10, "HST"), (-9, "AKST"), (-8, "PST AKDT"), (-7, "MST PDT"), (-6, "CST MDT"), (-5, "EST CDT"), (-4, "EDT"), (-3.5, "NST"), (-3, "BRT ART ADT"), (-2.5, "NDT"),
        (0, "Z UT UTC GMT WET"), (1, "WEST BST CET MET MEZ WAT"), (2, "CEST MEST MESZ EET CAT SAST"), (3, "EEST MSK EAT TRT"), (4, "MSD"), (5, "PKT"), (5.75, "NPT"),
        (7, "ICT WIB"), (8, "HKT SGT AWST"), (9, "JST KST"), (9.5, "ACST"), (10, "AEST"), (10.5, "ACDT"), (11, "AEDT"), (12, "NZST"), (13, "NZDT"));

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    /// <summary>Converts a date to UTC, or returns null if no mail can have it: parsers answer broken dates with years near 1.</summary>
    public static DateTimeOffset? Plausible(DateTimeOffset? date) => date is { Year: >= FirstYear } known ? known.ToUniversalTime() : null;

    /// <summary>Parses a date to UTC. Null if the text is no date with a time, or its zone is not understood. A date without any zone is taken for UTC.</summary>
    public static DateTimeOffset? Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }
        var comments = new List<string>();
        var plain = text;
        for (var depth = 0; depth < MaxNesting && plain.Contains('('); depth++)
        {
            plain = Comment().Replace(plain, comment =>
            {
                comments.Add(comment.Groups[1].Value.Trim());
                return " ";
            });
        }
        foreach (var form in new[] { Internet(), Iso(), Unix() })
        {
            if (form.Match(plain) is { Success: true } match)
            {
                return OffsetOf($"{match.Groups["named"].Value} {match.Groups["zone"].Value}".Trim(), comments) is { } offset ? Instant(match, offset) : null;
            }
        }
        return null;
    }

    private static DateTimeOffset? Instant(Match match, TimeSpan offset)
    {
        var (year, month, day) = (YearOf(match.Groups["year"].Value), MonthOf(match.Groups["month"].Value), Number("day"));
        var (hour, minute, second) = (Number("hour"), Number("minute"), Number("second"));
        if (match.Groups["half"] is { Success: true, Value: var half })
        {
            if (hour is 0 or > 12)
            {
                return null;
            }
            hour = hour % 12 + (half is "p" or "P" ? 12 : 0);
        }
        if (year is < FirstYear or > 9998 || month == 0 || day == 0 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
        {
            return null;
        }
        // RFC 5322 section 3.3 allows leap seconds.
        return new DateTimeOffset(year, month, day, hour, minute, 0, TimeSpan.Zero).AddSeconds(second) - offset;

        int Number(string name) => match.Groups[name] is { Success: true, ValueSpan: var digits } ? int.Parse(digits, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Converts the digits of a year (RFC 5322 section 4.3): two digits are years from 1950 to 2049, three are counted from 1900.</summary>
    private static int YearOf(string digits) => int.Parse(digits, CultureInfo.InvariantCulture) switch
    {
        var year when digits.Length == 2 => year < 50 ? 2000 + year : FirstYear + year,
        var year when digits.Length == 3 => FirstYear + year,
        var year => year,
    };

    /// <summary>Returns the number of a month, or 0 if there is no such month.</summary>
    private static int MonthOf(string name) => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number <= 12 ? number : 0
        : Array.IndexOf(Months, name[..3].ToLowerInvariant()) + 1;

    private static TimeSpan? OffsetOf(string zone, List<string> comments)
    {
        if (zone.Length == 0 && comments.Count > 0)
        {
            zone = comments[^1];
        }
        if (zone.Length == 0)
        {
            return TimeSpan.Zero;
        }
        if (Zones.TryGetValue(zone.TrimEnd('.'), out var hours))
        {
            return TimeSpan.FromHours(hours);
        }
        if (NumericZone().Match(zone) is not { Success: true } match)
        {
            return null;
        }
        // Senders that name a zone behind the number mean the number. Hours may have one digit, minutes may be missing.
        var digits = match.Groups["digits"].Value;
        var (hour, minute) = match.Groups["minutes"] is { Success: true, Value: var minutes } ? (digits, minutes)
            : digits.Length <= 2 ? (digits, "0") : (digits[..^2], digits[^2..]);
        var (wholeHours, extra) = (int.Parse(hour, CultureInfo.InvariantCulture), int.Parse(minute, CultureInfo.InvariantCulture));
        var total = wholeHours * 60 + extra;
        return extra > 59 || total > MaxOffset ? null : TimeSpan.FromMinutes(match.Groups["sign"].Value == "+" ? total : -total);
    }

    private static FrozenDictionary<string, double> Table(params ReadOnlySpan<(double Hours, string Names)> rows)
    {
        var zones = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase);
        foreach (var (hours, names) in rows)
        {
            foreach (var name in names.Split(' '))
            {
                zones.Add(name, hours);
            }
        }
        return zones.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    [GeneratedRegex(@"\(([^()]{0,100})\)")]
    private static partial Regex Comment();

    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;
    private const string Month = "(?<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})";
    private const string Day = "(?<day>[0-9]{1,2})(?:st|nd|rd|th)?";
    private const string Clock = @"(?:at\s+)?(?<hour>[0-9]{1,2})\s*[:.]\s*(?<minute>[0-9]{2})(?:\s*[:.]\s*(?<second>[0-9]{1,2})(?:[.,][0-9]{1,9})?)?(?:\s*(?<half>[ap])\.?m\b\.?)?";
    private const string Zone = @"\s*(?<zone>.{0,60}?)\s*\z";

    /// <summary>Matches "Fri, 05 Jan 2024 10:00:00 +0000", also with full names, hyphens, two-digit years, 12-hour clocks, or the year first.</summary>
    [GeneratedRegex(@"\A\s*(?:\p{L}+\.?\s*,?\s*)??(?:" + Day + @"[\s,.-]*" + Month + @"[\s,.-]*(?<year>[0-9]{2,4})|(?<year>[0-9]{4})[\s,.-]*" + Month + @"[\s,.-]*" + Day + @")[\s,]+" + Clock + Zone, Options)]
    private static partial Regex Internet();

    /// <summary>Matches "2024-01-05T10:00:00.123+00:00", also with a blank or slashes, in the basic format, and behind a weekday.</summary>
    [GeneratedRegex(@"\A\s*(?:\p{L}+\s*,\s*)?(?<year>[0-9]{4})(?<separator>[-/.]?)(?<month>[0-9]{2})\k<separator>(?<day>[0-9]{2})(?:\s*T\s*|\s+)(?<hour>[0-9]{2}):?(?<minute>[0-9]{2})(?::?(?<second>[0-9]{2})(?:[.,][0-9]{1,12})?)?" + Zone, Options)]
    private static partial Regex Iso();

    /// <summary>Matches "Fri Jan  5 10:00:00 2024", with a zone before or behind the year, or the year before the time.</summary>
    [GeneratedRegex(@"\A\s*(?:\p{L}+\.?\s*,?\s+)??" + Month + @"\.?\s+" + Day + @"\s*,?\s+(?:(?<year>[0-9]{4})\s*,?\s+" + Clock + "|" + Clock + @"(?:\s+(?<named>[a-z+-][a-z0-9:+-]{0,30}))?\s+(?<year>[0-9]{4}))" + Zone, Options)]
    private static partial Regex Unix();

    [GeneratedRegex(@"\A(?:GMT|UTC?|Z)?\s*(?<sign>[+-])\s*(?<digits>[0-9]{1,2}(?=:)|[0-9]{1,4}(?![0-9:]))(?::(?<minutes>[0-9]{2})(?![0-9:]))?\s*(?:[A-Za-z]{1,9})?\s*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NumericZone();
}
