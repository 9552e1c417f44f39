using System.ComponentModel;
using System.Globalization;

namespace ImapGateway.Settings;

/// <summary>Converts the text of a single value to its type, and describes the expected form if that fails.</summary>
internal static class Setting
{
    public static bool IsValue(Type type) => type == typeof(string) || type == typeof(Uri) || type.IsValueType;

    /// <summary>Parses a value; null if the text is not valid.</summary>
    public static object? Parse(Type type, string text)
    {
        if (type == typeof(string))
        {
            return text;
        }
        if (type == typeof(TimeSpan))
        {
            return Duration.TryParse(text.Trim(), out var span) ? span : null;
        }
        if (type == typeof(Uri))
        {
            return Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;
        }
        if (type.IsEnum)
        {
            // Parses by name only: a number would pass even if there is no such value.
            return Enum.GetNames(type).FirstOrDefault(name => name.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(type, name) : null;
        }
        try
        {
            return TypeDescriptor.GetConverter(type).ConvertFromString(null, CultureInfo.InvariantCulture, text);
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    public static string Describe(Type type) => type switch
    {
        _ when type == typeof(TimeSpan) => "a time span such as 500ms, 10s, 5m, 2h, 7d or 00:00:10",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(Uri) => "an absolute address",
        _ when type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(type))}",
        _ when type == typeof(int) => $"a whole number from {int.MinValue} to {int.MaxValue}",
        _ when type == typeof(long) => $"a whole number from {long.MinValue} to {long.MaxValue}",
        _ => "a number",
    };
}
