namespace ImapGateway.Messages.Bodies.Css;

/// <summary>Decides which selectors an element matches. It counts its steps, because the product of hostile selectors and hostile elements has no limit of its own.</summary>
public sealed class SelectorMatch
{
    /// <summary>The largest number of comparisons with a name; they take less than a second.</summary>
    private const int MaxSteps = 3_000_000;

    private int _steps;

    /// <summary>True when the steps are used up. Nothing is compared then, and results mean nothing.</summary>
    public bool IsExhausted => _steps > MaxSteps;

    public bool Matches(Selector selector, StyledElement element) => Matches(selector, selector.Compounds.Length - 1, element);

    private bool Matches(Selector selector, int at, StyledElement element)
    {
        var compound = selector.Compounds[at];
        _steps += compound.Cost;
        if (IsExhausted || !Is(element, compound))
        {
            return false;
        }
        if (at == 0)
        {
            return true;
        }
        switch (selector.Combinators[at - 1])
        {
            case '>':
                return element.Parent is { } parent && Matches(selector, at - 1, parent);
            case '+':
                return element.Previous is { } previous && Matches(selector, at - 1, previous);
            case '~':
                for (var sibling = element.Previous; sibling is not null && !IsExhausted; sibling = sibling.Previous)
                {
                    if (Matches(selector, at - 1, sibling))
                    {
                        return true;
                    }
                }
                return false;
            default:
                for (var ancestor = element.Parent; ancestor is not null && !IsExhausted; ancestor = ancestor.Parent)
                {
                    if (Matches(selector, at - 1, ancestor))
                    {
                        return true;
                    }
                }
                return false;
        }
    }

    private static bool Is(StyledElement element, Compound compound)
    {
        var source = element.Source;
        return (compound.Type is null || compound.Type == source.Name)
            && compound.Ids.All(id => id == source.Id)
            && compound.Classes.All(name => Array.IndexOf(source.Classes, name) >= 0)
            && compound.Attributes.All(test => Passes(source, test))
            && compound.Pseudos.All(pseudo => Is(element, pseudo));
    }

    private static bool Is(StyledElement element, PseudoClass pseudo) => pseudo.Kind switch
    {
        PseudoKind.Nth => IsNth(element.Index - pseudo.Offset, pseudo.Step),
        PseudoKind.Last => element.IsLast,
        PseudoKind.Only => element is { Index: 1, IsLast: true },
        PseudoKind.Root => element.Parent is null,
        PseudoKind.Link => element.Source.Name is "a" or "area" && element.Source.Attributes.ContainsKey("href"),
        PseudoKind.Not => !Is(element, pseudo.Negated!),
        _ => false,
    };

    private static bool IsNth(int distance, int step) => step == 0 ? distance == 0 : distance % step == 0 && distance / step >= 0;

    private static bool Passes(SourceElement source, AttributeTest test)
    {
        if (!source.Attributes.TryGetValue(test.Name, out var value))
        {
            return false;
        }
        return test.Operator switch
        {
            "" => true,
            "=" => value == test.Value,
            "~=" => test.Value.Length > 0 && $" {value} ".Contains($" {test.Value} ", StringComparison.Ordinal),
            "|=" => value == test.Value || value.StartsWith(test.Value + "-", StringComparison.Ordinal),
            "^=" => test.Value.Length > 0 && value.StartsWith(test.Value, StringComparison.Ordinal),
            "$=" => test.Value.Length > 0 && value.EndsWith(test.Value, StringComparison.Ordinal),
            _ => test.Value.Length > 0 && value.Contains(test.Value, StringComparison.Ordinal),
        };
    }
}
