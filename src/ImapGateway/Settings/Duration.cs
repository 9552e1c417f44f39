using System.Globalization;

namespace ImapGateway.Settings;

/// <summary>Parses time spans in the short form, "10s" or "1.5h", and in the form of .NET, "00:00:10". A bare number, which .NET reads as days, is refused.</summary>
public static class Duration
{
    private static readonly (string Suffix, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];

    public static bool TryParse(string text, out TimeSpan span)
    {
        foreach (var (suffix, seconds) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * seconds < TimeSpan.MaxValue.TotalSeconds)
            {
                span = TimeSpan.FromSeconds(number * seconds);
                return true;
            }
        }
        span = default;
        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out span);
    }
}
