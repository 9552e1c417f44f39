using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Messages.Bodies;

/// <summary>
/// A style attribute reduced to declarations that can neither load anything nor leave their place: known properties with values of words, numbers, colours and strings.
/// What is written is what was matched, so that no escape, comment or broken syntax of CSS survives.
/// </summary>
public static partial class SafeCss
{
    private const int MaxStyle = 8 * 1024;
    private const int MaxValue = 300;
    private const int MaxDeclarations = 100;

    public static readonly FrozenSet<string> Properties = (
        "background background-color border border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width border-collapse border-color "
        + "border-left border-left-color border-left-style border-left-width border-radius border-right border-right-color border-right-style border-right-width border-spacing border-style "
        + "border-top border-top-color border-top-left-radius border-top-right-radius border-top-style border-top-width border-width box-sizing caption-side clear color direction display empty-cells "
        + "float font font-family font-size font-stretch font-style font-variant font-weight height letter-spacing line-height list-style list-style-position list-style-type "
        + "max-height max-width min-height min-width opacity overflow-wrap padding padding-bottom padding-left padding-right padding-top margin margin-bottom margin-left margin-right margin-top "
        + "table-layout text-align text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent text-overflow text-transform unicode-bidi vertical-align visibility "
        + "white-space width word-break word-spacing word-wrap").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Empty where nothing is left.</summary>
    public static string Filter(string style)
    {
        if (style.Length > MaxStyle)
        {
            return "";
        }
        var safe = new StringBuilder();
        foreach (var declaration in Comment().Replace(style, " ").Split(';', MaxDeclarations + 1).Take(MaxDeclarations))
        {
            var colon = declaration.IndexOf(':');
            var property = colon < 0 ? "" : declaration[..colon].Trim().ToLowerInvariant();
            var value = declaration[(colon + 1)..].Trim();
            if (Properties.Contains(property) && value.Length is > 0 and <= MaxValue && Value().IsMatch(value) && !(property.StartsWith("margin", StringComparison.Ordinal) && value.Contains('-')))
            {
                safe.Append(safe.Length == 0 ? "" : ";").Append(property).Append(':').Append(Blanks().Replace(value, " "));
            }
        }
        return safe.ToString();
    }

    [GeneratedRegex(@"/\*.*?(?:\*/|\z)", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    /// <summary>Words, numbers, #colours, strings of plain characters, and colour functions; nothing else that has a parenthesis.</summary>
    [GeneratedRegex("""
        ^(?:\s*(?:(?:rgb|rgba|hsl|hsla)\([\d\s.,%/]{1,60}\)|"[\p{L}\p{N} _.,-]*"|'[\p{L}\p{N} _.,-]*'|[#+-]?[\p{L}\p{N}_.%-]+|![ ]?important|[,/]))+\s*\z
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex Value();
}
