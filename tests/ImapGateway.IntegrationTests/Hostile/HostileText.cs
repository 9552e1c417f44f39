using System.Globalization;
using System.Text;

namespace ImapGateway.IntegrationTests.Hostile;

/// <summary>Values that break out of their place where anything takes them as they are.</summary>
public static class HostileText
{
    /// <summary>A command that no honest client sends: where it reaches a mail server, something has been injected.</summary>
    public const string Injected = "XINJECTED";

    public static readonly string[] All =
    [
        "",
        "a\n",
        "a\r\nA00000001 XINJECTED x\r\n",
        "a\0b",
        "\uD800",
        "a\u2028b",
        "a\u0085b",
        "a\" XINJECTED (\\",
        "a)] XINJECTED {9+}",
        "* %",
        "%0d%0aA1 XINJECTED x",
        "../..",
        "\uFFFE\uFFFF",
        new('x', 9000),
    ];

    /// <summary>Of these, what one parser or writer may treat otherwise than another one.</summary>
    public static readonly string[] Few = ["a\n", "a\r\nA00000001 XINJECTED x\r\n", "a\0b", "\uD800", "a\" XINJECTED (\\"];

    /// <summary>Can stand in a header of HTTP at all.</summary>
    public static bool FitsHeader(string value) => !value.Any(c => char.IsControl(c) || char.IsSurrogate(c));

    /// <summary>Half a surrogate pair has no percent-encoded form: its three octets, which are no UTF-8, stand for it.</summary>
    public static string InUrl(string value) => string.Concat(value.Select(c => char.IsSurrogate(c)
        ? string.Concat(new[] { 0xE0 | c >> 12, 0x80 | c >> 6 & 63, 0x80 | c & 63 }.Select(octet => $"%{octet:X2}"))
        : Uri.EscapeDataString(c.ToString())));

    /// <summary>Between quotes, in JSON and in GraphQL alike; every character that is not plain ASCII is an escape.</summary>
    public static string Escaped(string value)
    {
        var text = new StringBuilder();
        foreach (var c in value)
        {
            text.Append(c is >= ' ' and <= '~' and not ('"' or '\\') ? c.ToString() : "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    public static string Show(string value) => value.Length > 40 ? $"{value[..10]}... ({value.Length})" : Escaped(value);
}
