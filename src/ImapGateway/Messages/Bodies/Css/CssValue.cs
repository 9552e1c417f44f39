using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Messages.Bodies.Css;

/// <summary>
/// Reads the value of a property token by token: words, bounded numbers, colours, plain strings, and functions that only compute. It writes only what it has understood, so that no escape, comment
/// or broken syntax survives.
/// </summary>
public sealed partial class CssValue
{
    private const int MaxLength = 4_000;
    private const int MaxDepth = 5;

    /// <summary>The largest length in CSS pixels.</summary>
    private const double MaxPixels = 10_000;
    private const double MaxFontPixels = 1_000;

    /// <summary>The largest length in calc(), in CSS pixels. Numbers multiply there, so lengths, factors and their count have lower limits.</summary>
    private const double MaxPixelsInMath = 2_000;
    private const double MaxFactor = 16;
    private const int MaxFactors = 2;

    private const double Em = 16;

    private static readonly FrozenSet<string> Colours = Names("rgb rgba hsl hsla hwb lab lch oklab oklch color");
    private static readonly FrozenSet<string> Gradients = Names("linear-gradient radial-gradient conic-gradient repeating-linear-gradient repeating-radial-gradient repeating-conic-gradient");
    private static readonly FrozenSet<string> Maths = Names("calc min max clamp");

    private readonly string _property;
    private readonly string _text;
    private readonly Func<string, string?>? _picture;
    private readonly StringBuilder _output = new();
    private int _at;
    private int _factors;

    private CssValue(string property, string text, Func<string, string?>? picture) => (_property, _text, _picture) = (property, text, picture);

    private bool CanShowPicture => _property is "background" or "background-image";

    /// <param name="property">The name of the property in lower case.</param>
    /// <param name="text">The value without comments.</param>
    /// <param name="picture">Returns the URL to load instead of the URL of a picture, or null. A picture that is not loaded becomes <c>none</c>, so that the colour beside it stays.</param>
    /// <returns>The value; null if any of it cannot be accepted.</returns>
    public static string? Clean(string property, string text, Func<string, string?>? picture)
    {
        var value = new CssValue(property, text, picture);
        return value.Read(depth: 0, inMath: false) && value._at == text.Length && value._output.Length is > 0 and <= MaxLength ? value._output.ToString().TrimEnd() : null;
    }

    /// <summary>Reads to the end, or to the bracket that closes the function.</summary>
    private bool Read(int depth, bool inMath)
    {
        for (; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (char.IsWhiteSpace(c))
            {
                Blank();
            }
            else if (c is ')')
            {
                return depth > 0;
            }
            else if (c is '"' or '\'')
            {
                if (!Take(Quoted()))
                {
                    return false;
                }
            }
            else if (c is ',' || (c is '/' && !inMath))
            {
                _output.Append(c);
            }
            else if (c is '!')
            {
                if (depth > 0 || Important().Match(_text, _at) is not { Success: true } important)
                {
                    return false;
                }
                _output.Append("!important");
                _at += important.Length - 1;
            }
            else if (inMath && c is '+' or '*' or '/' && IsOperator(c))
            {
                _output.Append(c);
                if (c is not '+' && ++_factors > MaxFactors)
                {
                    return false;
                }
            }
            else if (inMath && c is '(')
            {
                if (!Group(depth, inMath: true))
                {
                    return false;
                }
            }
            else if (!Word(depth, inMath))
            {
                return false;
            }
        }
        return depth == 0;
    }

    private bool IsOperator(char c) => c is not '+' || _at + 1 == _text.Length || char.IsWhiteSpace(_text[_at + 1]);

    private void Blank()
    {
        if (_output.Length > 0 && _output[^1] is not ' ' and not '(')
        {
            _output.Append(' ');
        }
    }

    private bool Word(int depth, bool inMath)
    {
        var start = _at;
        if (!Take(Words()))
        {
            return false;
        }
        var word = _text[start..(_at + 1)];
        if (_at + 1 == _text.Length || _text[_at + 1] != '(')
        {
            return !IsNumber(word) || IsBounded(word, inMath);
        }
        _output.Length -= word.Length;
        var name = word.ToLowerInvariant();
        _at++;
        if (Maths.Contains(name) || Colours.Contains(name) || (Gradients.Contains(name) && CanShowPicture))
        {
            _output.Append(name);
            return Group(depth, Maths.Contains(name));
        }
        return CanShowPicture && depth == 0 && (name == "url" || _property == "background") && Picture(name);
    }

    /// <summary>Reads from the opening bracket to the closing one.</summary>
    private bool Group(int depth, bool inMath)
    {
        if (depth == MaxDepth)
        {
            return false;
        }
        _output.Append('(');
        _at++;
        if (!Read(depth + 1, inMath) || _at == _text.Length)
        {
            return false;
        }
        _output.Append(')');
        return true;
    }

    /// <summary>
    /// Writes a picture: the URL that the caller gives for url(), else <c>none</c>. In the property background, which can have a colour beside it, <c>none</c> also replaces any other function that may
    /// load something.
    /// </summary>
    private bool Picture(string function)
    {
        var end = CssText.Find(_text, _at + 1, ")");
        if (end == _text.Length)
        {
            return false;
        }
        var argument = _text[(_at + 1)..end].Trim();
        if (argument.Length > 1 && argument[0] is '"' or '\'' && argument[^1] == argument[0])
        {
            argument = argument[1..^1];
        }
        var url = function == "url" && !argument.Contains('\\') ? _picture?.Invoke(argument) : null;
        _output.Append(url is null || UrlBreaks().IsMatch(url) ? "none" : $"url(\"{url}\")");
        _at = end;
        return true;
    }

    private bool Take(Regex token)
    {
        if (token.Match(_text, _at) is not { Success: true } match)
        {
            return false;
        }
        _output.Append(match.ValueSpan);
        _at += match.Length - 1;
        return true;
    }

    private static bool IsNumber(string word) => word.AsSpan().TrimStart("+-") is [>= '0' and <= '9' or '.', ..];

    private bool IsBounded(string word, bool inMath)
    {
        if (Number().Match(word) is not { Success: true } match || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }
        var unit = match.Groups[2].Value.ToLowerInvariant();
        var pixels = Math.Abs(number) * unit switch
        {
            "" => _property == "line-height" ? Em : 1,
            "px" or "deg" or "grad" or "ms" => 1,
            "pt" => 4 / 3.0,
            "pc" or "em" or "rem" or "ex" or "ch" => Em,
            "in" => 96,
            "cm" => 37.8,
            "mm" or "q" => 3.78,
            "%" => _property is "font-size" or "line-height" ? Em / 100 : 1,
            _ => Em,
        };
        return inMath && unit.Length == 0 ? pixels <= MaxFactor && pixels is 0 or >= 1 / MaxFactor : pixels <= (inMath ? MaxPixelsInMath : _property is "font" or "font-size" ? MaxFontPixels : MaxPixels);
    }

    private static FrozenSet<string> Names(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    [GeneratedRegex("""\G(?:"[\p{L}\p{N} _.,-]*"|'[\p{L}\p{N} _.,-]*')""", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\G[#+-]?[\p{L}\p{N}_.%-]+", RegexOptions.CultureInvariant)]
    private static partial Regex Words();

    [GeneratedRegex(@"\G!\s*important", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Important();

    /// <summary>Matches a number without an exponent, which could pass every limit.</summary>
    [GeneratedRegex(@"^[+-]?(\d{1,9}(?:\.\d{0,12})?|\.\d{1,12})((?!e\z|e[0-9])[a-z]{0,6}|%)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"[""\\\s<>()]")]
    private static partial Regex UrlBreaks();
}
