namespace ImapGateway.Tests;

/// <summary>Finds cycles among the parts of a folder: the folders in it, and the types that stand beside them.</summary>
internal static class FolderCycles
{
    /// <param name="parent">The namespace of the folder.</param>
    /// <param name="uses">The types that use each other.</param>
    /// <returns>One sentence for each pair of parts that is on a cycle with a folder.</returns>
    public static IEnumerable<string> In(string parent, IEnumerable<(Type User, Type Used)> uses)
    {
        var between = (from use in uses
                       let edge = (From: PartOf(use.User, parent), To: PartOf(use.Used, parent))
                       where edge.From is not null && edge.To is not null && edge.From != edge.To
                       group use by edge).ToList();
        var next = between.ToLookup(edge => edge.Key.From!, edge => edge.Key.To!);
        return from edge in between
               where (IsFolder(edge.Key.From!) || IsFolder(edge.Key.To!)) && Reached(edge.Key.To!, next).Contains(edge.Key.From!)
               select $"{parent}: {edge.Key.From} uses {edge.Key.To} ({edge.First().User.Name} uses {edge.First().Used.Name})";
    }

    /// <summary>Returns a folder in the parent with a slash, or the name of a type beside the folders; null for what is elsewhere.</summary>
    private static string? PartOf(Type type, string parent) =>
        type.Namespace == parent ? type.Name
        : type.Namespace!.StartsWith(parent + ".", StringComparison.Ordinal) ? type.Namespace[(parent.Length + 1)..].Split('.')[0] + "/"
        : null;

    private static bool IsFolder(string part) => part.EndsWith('/');

    private static HashSet<string> Reached(string start, ILookup<string, string> next)
    {
        var reached = new HashSet<string>();
        var left = new Stack<string>([start]);
        while (left.TryPop(out var part))
        {
            if (reached.Add(part))
            {
                foreach (var one in next[part])
                {
                    left.Push(one);
                }
            }
        }
        return reached;
    }
}
