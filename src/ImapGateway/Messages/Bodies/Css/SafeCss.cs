using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Messages.Bodies.Css;

/// <summary>
/// Reduces declarations to known properties with values that <see cref="CssValue"/> accepts. They can load nothing but what the caller allows, and cannot position anything.
/// </summary>
public static partial class SafeCss
{
    private const int MaxStyle = 16 * 1024;
    private const int MaxDeclarations = 200;

    /// <summary>The offset in pixels; one beyond it moves an element out of sight.</summary>
    private const double OutOfSight = -500;

    public static readonly FrozenSet<string> Properties = (
        "align-content align-items align-self aspect-ratio background background-clip background-color background-image background-origin background-position background-repeat background-size "
        + "border border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width border-collapse border-color "
        + "border-left border-left-color border-left-style border-left-width border-radius border-right border-right-color border-right-style border-right-width border-spacing border-style "
        + "border-top border-top-color border-top-left-radius border-top-right-radius border-top-style border-top-width border-width box-shadow box-sizing caption-side clear color color-scheme column-gap "
        + "direction display empty-cells flex flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap "
        + "float font font-family font-size font-stretch font-style font-variant font-weight gap height hyphens justify-content letter-spacing line-height list-style list-style-position list-style-type "
        + "max-height max-width min-height min-width object-fit object-position opacity overflow overflow-wrap overflow-x overflow-y "
        + "padding padding-bottom padding-left padding-right padding-top margin margin-bottom margin-left margin-right margin-top row-gap "
        + "table-layout text-align text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent text-overflow text-shadow text-transform unicode-bidi vertical-align visibility "
        + "white-space width word-break word-spacing word-wrap -webkit-text-fill-color").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <param name="style">The declarations of a style attribute or of a rule.</param>
    /// <param name="picture">Returns the URL to load instead of the URL of a background picture; null: none is loaded.</param>
    /// <returns>The declarations; empty if nothing is left. Filtering the result again changes nothing.</returns>
    public static string Filter(string style, Func<string, string?>? picture = null)
    {
        if (style.Length > MaxStyle)
        {
            return "";
        }
        var safe = new StringBuilder();
        var hidden = new HiddenByPosition();
        foreach (var declaration in CssText.Split(CssText.WithoutComments(style), ';').Take(MaxDeclarations))
        {
            var colon = declaration.IndexOf(':');
            var property = colon < 0 ? "" : declaration[..colon].Trim().ToLowerInvariant();
            var value = declaration[(colon + 1)..].Trim();
            hidden.See(property, value);
            if (Properties.Contains(property) && CssValue.Clean(property, value, picture) is { } clean && !(property.StartsWith("margin", StringComparison.Ordinal) && clean.Contains('-')))
            {
                Append(safe, property, clean);
            }
        }
        if (hidden.IsHidden)
        {
            Append(safe, "display", "none");
        }
        return safe.ToString();
    }

    private static void Append(StringBuilder safe, string property, string value) => safe.Append(safe.Length == 0 ? "" : ";").Append(property).Append(':').Append(value);

    /// <summary>
    /// Detects elements that are hidden by a position outside of the page, such as preview texts and texts for screen readers. Without the position they would be
    /// visible.
    /// </summary>
    private sealed partial class HiddenByPosition
    {
        private bool _isPositioned;
        private bool _isOutside;

        public bool IsHidden => _isPositioned && _isOutside;

        public void See(string property, string value)
        {
            switch (property)
            {
                case "position":
                    _isPositioned = value.StartsWith("absolute", StringComparison.OrdinalIgnoreCase) || value.StartsWith("fixed", StringComparison.OrdinalIgnoreCase);
                    break;
                case "left" or "right" or "top" or "bottom":
                    _isOutside |= Length().Match(value) is { Success: true } length
                        && double.TryParse(length.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var number)
                        && number * (length.Groups[2].Value.Equals("px", StringComparison.OrdinalIgnoreCase) ? 1 : 16) <= OutOfSight;
                    break;
                case "clip":
                    _isOutside |= NoArea().IsMatch(value);
                    break;
                case "clip-path":
                    _isOutside |= NoPath().IsMatch(value);
                    break;
            }
        }

        [GeneratedRegex(@"^(-\d{1,9}(?:\.\d{1,9})?)(px|em|rem|pt)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
        private static partial Regex Length();

        [GeneratedRegex(@"^rect\(\s*[01](?:px)?(?:[\s,]+[01](?:px)?){3}\s*\)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
        private static partial Regex NoArea();

        [GeneratedRegex(@"^inset\(\s*(?:50|100)%", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
        private static partial Regex NoPath();
    }
}
