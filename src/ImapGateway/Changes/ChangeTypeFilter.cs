using System.Collections.Frozen;

namespace ImapGateway.Changes;

/// <summary>A filter for types of changes: by name, <c>message.*</c> for all of a kind, <c>*</c> for all.</summary>
public sealed class ChangeTypeFilter
{
    public static readonly ChangeTypeFilter All = new(Enum.GetValues<ChangeType>());

    private readonly FrozenSet<ChangeType> _types;

    private ChangeTypeFilter(IEnumerable<ChangeType> types) => _types = types.ToFrozenSet();

    public static ChangeTypeFilter Of(IEnumerable<ChangeType> types) => new(types);

    public bool Admits(ChangeType type) => _types.Contains(type);

    /// <param name="patterns">The patterns, at least one.</param>
    /// <param name="unknown">The first pattern that fits no type, so that a misspelt one is not taken for a type that never occurs.</param>
    public static ChangeTypeFilter? Parse(IEnumerable<string> patterns, out string? unknown)
    {
        var types = new HashSet<ChangeType>();
        foreach (var pattern in patterns)
        {
            var matching = Matching(pattern);
            if (matching.Count == 0)
            {
                unknown = pattern;
                return null;
            }
            types.UnionWith(matching);
        }
        unknown = null;
        return new ChangeTypeFilter(types);
    }

    private static List<ChangeType> Matching(string pattern)
    {
        if (ChangeTypes.TryParse(pattern, out var one))
        {
            return [one];
        }
        var prefix = pattern == "*" ? "" : pattern.EndsWith(".*", StringComparison.Ordinal) ? pattern[..^1] : null;
        return prefix is null or "." ? [] : [.. Enum.GetValues<ChangeType>().Where(type => ChangeTypes.Name(type).StartsWith(prefix, StringComparison.Ordinal))];
    }
}
