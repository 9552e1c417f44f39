using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ImapGateway.Html;

namespace ImapGateway.Messages.Bodies.Css;

/// <summary>An attribute selector.</summary>
/// <param name="Name">The name in lower case.</param>
/// <param name="Operator">The operator =, ~=, |=, ^=, $= or *=; empty: the attribute exists.</param>
/// <param name="Value">The value as written, without quotation marks.</param>
public readonly record struct AttributeTest(string Name, string Operator, string Value);

/// <summary>A compound selector: the conditions on one element.</summary>
/// <param name="Type">The element type in lower case; null: any.</param>
public sealed record Compound(string? Type, ImmutableArray<string> Ids, ImmutableArray<string> Classes, ImmutableArray<AttributeTest> Attributes, ImmutableArray<PseudoClass> Pseudos)
{
    public int Specificity => (Ids.Length << 16) + ((Classes.Length + Attributes.Length) << 8) + (Type is null ? 0 : 1) + Pseudos.Sum(pseudo => pseudo.Specificity);

    /// <summary>The largest cost of a comparison with an element, in comparisons of names.</summary>
    public int Cost { get; } = 1 + Ids.Length + Classes.Length + 20 * Attributes.Length + Pseudos.Sum(pseudo => pseudo.Negated?.Cost ?? 1);
}

/// <summary>A complex selector (Selectors Level 4): compounds with combinators between them, <c>' '</c>, <c>'&gt;'</c>, <c>'+'</c> or <c>'~'</c>.</summary>
public sealed partial class Selector
{
    private const int MaxText = 8 * 1024;
    private const int MaxCompounds = 12;
    private const int MaxSimple = 20;

    /// <summary>
    /// Pseudo-classes that browsers know, but that say nothing about an element at rest, or need more than the element and its neighbours. Such selectors are valid and match
    /// nothing here.
    /// </summary>
    private static readonly FrozenSet<string> Others = (
        "hover active focus focus-within focus-visible visited target checked enabled disabled empty default indeterminate read-only read-write required optional valid invalid placeholder-shown "
        + "first-of-type last-of-type only-of-type nth-of-type nth-last-child nth-last-of-type lang dir is where has "
        + "before after first-line first-letter placeholder selection marker").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private Selector(ImmutableArray<Compound> compounds, ImmutableArray<char> combinators, string text)
    {
        (Compounds, Combinators, Text) = (compounds, combinators, text);
        Specificity = compounds.Sum(compound => compound.Specificity);
        IsMatchable = compounds.All(compound => compound.Pseudos.All(pseudo => pseudo.Kind != PseudoKind.Other));
        IsPublic = compounds.All(IsPublicCompound);
    }

    public ImmutableArray<Compound> Compounds { get; }

    /// <summary>The combinators, one less than the compounds: one after each compound but the last.</summary>
    public ImmutableArray<char> Combinators { get; }

    public int Specificity { get; }

    /// <summary>True if the selector can be evaluated without a browser.</summary>
    public bool IsMatchable { get; }

    /// <summary>
    /// True if a browser may evaluate it. Attributes that contain the gateway's own addresses cannot be tested there: with pictures that load on a match a sender could read them.
    /// </summary>
    public bool IsPublic { get; }

    /// <summary>The selector as a browser reads it in a document of the gateway, in which the body of the message is a <see cref="HtmlElements.MailBody"/>.</summary>
    public string Text { get; }

    private static bool IsPublicCompound(Compound compound) =>
        compound.Attributes.All(test => test.Name is not ("src" or "style")) && compound.Pseudos.All(pseudo => pseudo.Negated is null || IsPublicCompound(pseudo.Negated));

    /// <returns>The selectors; empty if one of them is invalid, since then the whole rule is invalid (Selectors Level 4 section 4.1).</returns>
    public static ImmutableArray<Selector> ParseList(string text)
    {
        if (text.Length > MaxText)
        {
            return [];
        }
        var all = ImmutableArray.CreateBuilder<Selector>();
        foreach (var one in CssText.Split(text, ','))
        {
            if (Parse(one.Trim()) is not { } selector)
            {
                return [];
            }
            all.Add(selector);
        }
        return all.ToImmutable();
    }

    private static Selector? Parse(string text)
    {
        var (compounds, combinators, written) = (ImmutableArray.CreateBuilder<Compound>(), ImmutableArray.CreateBuilder<char>(), new StringBuilder());
        for (var at = 0; ;)
        {
            var start = written.Length;
            if (compounds.Count == MaxCompounds || ReadCompound(text, ref at, written) is not { } compound)
            {
                return null;
            }
            compounds.Add(compound);
            if (compound.Type == "body" && combinators.Count > 0 && combinators[^1] == '>')
            {
                // The gateway's own elements are between the two.
                written[start - 1] = ' ';
            }
            if (at == text.Length)
            {
                return new Selector(compounds.ToImmutable(), combinators.ToImmutable(), written.ToString());
            }
            var between = Combinator().Match(text, at);
            if (!between.Success)
            {
                return null;
            }
            combinators.Add(between.Groups[1].Success ? between.Groups[1].Value[0] : ' ');
            written.Append(combinators[^1]);
            at += between.Length;
        }
    }

    private static Compound? ReadCompound(string text, ref int at, StringBuilder written)
    {
        string? type = null;
        var (ids, classes, attributes, pseudos) = (new List<string>(), new List<string>(), new List<AttributeTest>(), new List<PseudoClass>());
        var start = at;
        if (at < text.Length && text[at] == '*')
        {
            at++;
            written.Append('*');
        }
        else if (TakeName(text, ref at) is { } name)
        {
            type = name.ToLowerInvariant();
            written.Append(type == "body" ? HtmlElements.MailBody : type);
        }
        while (at < text.Length && ids.Count + classes.Count + attributes.Count + pseudos.Count < MaxSimple)
        {
            var kind = text[at];
            if (kind is '.' or '#')
            {
                at++;
                if (TakeName(text, ref at) is not { } name)
                {
                    return null;
                }
                (kind == '.' ? classes : ids).Add(name);
                written.Append(kind).Append(name);
            }
            else if (kind == '[')
            {
                var match = Attribute().Match(text, at);
                if (!match.Success)
                {
                    return null;
                }
                var test = new AttributeTest(match.Groups[1].Value.ToLowerInvariant(), match.Groups[2].Value, match.Groups[3].Value + match.Groups[4].Value + match.Groups[5].Value);
                attributes.Add(test);
                written.Append(test.Operator.Length == 0 ? $"[{test.Name}]" : $"[{test.Name}{test.Operator}\"{test.Value}\"]");
                at += match.Length;
            }
            else if (kind == ':')
            {
                if (ReadPseudo(text, ref at) is not { } pseudo)
                {
                    return null;
                }
                pseudos.Add(pseudo);
                written.Append(pseudo.Text);
            }
            else
            {
                break;
            }
        }
        return at == start ? null : new Compound(type, [.. ids], [.. classes], [.. attributes], [.. pseudos]);
    }

    private static PseudoClass? ReadPseudo(string text, ref int at)
    {
        var match = Pseudo().Match(text, at);
        if (!match.Success)
        {
            return null;
        }
        at += match.Length;
        var (name, argument) = (match.Groups[2].Value.ToLowerInvariant(), match.Groups[3].Success ? match.Groups[3].Value.Trim().ToLowerInvariant() : null);
        var isElement = match.Groups[1].Length == 2;
        if (isElement || Others.Contains(name))
        {
            // These are written as they are: no attribute is tested in them.
            if (argument?.Contains('[') == true)
            {
                return null;
            }
            return isElement && !name.StartsWith("-webkit-", StringComparison.Ordinal) && !Others.Contains(name) ? null : new PseudoClass(PseudoKind.Other, match.Value) { Specificity = isElement ? 1 : 1 << 8 };
        }
        return (name, argument) switch
        {
            ("first-child", null) => new PseudoClass(PseudoKind.Nth, ":first-child") { Offset = 1 },
            ("last-child", null) => new PseudoClass(PseudoKind.Last, ":last-child"),
            ("only-child", null) => new PseudoClass(PseudoKind.Only, ":only-child"),
            ("root", null) => new PseudoClass(PseudoKind.Root, ":root"),
            ("link" or "any-link", null) => new PseudoClass(PseudoKind.Link, ":any-link"),
            ("nth-child", "odd") => new PseudoClass(PseudoKind.Nth, ":nth-child(odd)") { Step = 2, Offset = 1 },
            ("nth-child", "even") => new PseudoClass(PseudoKind.Nth, ":nth-child(even)") { Step = 2 },
            ("nth-child", { } nth) when Nth().Match(nth) is { Success: true } an => NthChild(an),
            ("not", { } inner) => Not(inner, match.Groups[3].Value.Trim()),
            _ => null,
        };
    }

    private static PseudoClass NthChild(Match an)
    {
        var step = an.Groups[1].Success ? an.Groups[1].Value switch { "" or "+" => 1, "-" => -1, var number => int.Parse(number, CultureInfo.InvariantCulture) } : 0;
        var offset = an.Groups[2].Success ? int.Parse(Blank().Replace(an.Groups[2].Value, ""), CultureInfo.InvariantCulture) : 0;
        return new PseudoClass(PseudoKind.Nth, string.Create(CultureInfo.InvariantCulture, $":nth-child({step}n{offset:+0;-0})")) { Step = step, Offset = offset };
    }

    private static PseudoClass? Not(string lower, string argument)
    {
        // One level: a negated selector has no negation in it.
        var (at, written) = (0, new StringBuilder());
        return lower.Contains(":not", StringComparison.Ordinal) || ReadCompound(argument, ref at, written) is not { } inner || at < argument.Length || inner.Pseudos.Any(pseudo => pseudo.Kind == PseudoKind.Other)
            ? new PseudoClass(PseudoKind.Other, argument.All(c => char.IsLetterOrDigit(c) || " .#-_:,>+~()".Contains(c)) ? $":not({argument})" : ":not(*)")
            : new PseudoClass(PseudoKind.Not, $":not({written})") { Negated = inner, Specificity = inner.Specificity };
    }

    private static string? TakeName(string text, ref int at)
    {
        var match = Name().Match(text, at);
        at += match.Length;
        return match.Success ? match.Value : null;
    }

    [GeneratedRegex(@"\G-?[\p{L}_][\p{L}\p{N}_-]{0,99}", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex(@"\G(?:\s*([>+~])\s*|\s+)")]
    private static partial Regex Combinator();

    [GeneratedRegex("""\G\[\s*([A-Za-z][A-Za-z0-9_-]{0,60})\s*(?:([~|^$*]?=)\s*(?:"([^"\\<>{}\r\n]{0,200})"|'([^"'\\<>{}\r\n]{0,200})'|([\p{L}\p{N}_-]{1,200}))\s*i?\s*)?\]""", RegexOptions.CultureInvariant)]
    private static partial Regex Attribute();

    [GeneratedRegex(@"\G(::?)(-?[A-Za-z][A-Za-z-]{0,40})(?:\(([\p{L}\p{N}\s.#_+~*,:()>\[\]=-]{0,200}?)\)(?=[\s.#:>+~\[]|\z))?", RegexOptions.CultureInvariant)]
    private static partial Regex Pseudo();

    [GeneratedRegex(@"^(?=.)(?:([+-]?\d{0,4})n)?\s*([+-]?\s*\d{1,4})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Nth();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();
}

/// <summary>The conditions that a pseudo-class can test.</summary>
public enum PseudoKind
{
    Nth,
    Last,
    Only,
    Root,
    Link,
    Not,
    Other,
}

/// <summary>A pseudo-class, or a pseudo-element, which is of the kind Other.</summary>
/// <param name="Text">The text as written in CSS.</param>
public sealed record PseudoClass(PseudoKind Kind, string Text)
{
    /// <summary>The number a of an+b.</summary>
    public int Step { get; init; }

    public int Offset { get; init; }

    public Compound? Negated { get; init; }

    public int Specificity { get; init; } = 1 << 8;
}
