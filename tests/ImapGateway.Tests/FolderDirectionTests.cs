using System.Text.RegularExpressions;

namespace ImapGateway.Tests;

/// <summary>A folder uses only folders of a lower rank, so that every change has one direction to look in.</summary>
public partial class FolderDirectionTests
{
    private static readonly string[][] Ranks =
    [
        ["Messages", "Mailboxes", "Webhooks", "Keys"],
        ["Accounts"],
        ["Sync"],
        ["Changes"],
        ["Index", "Cache"],
        ["Imap"],
        ["GraphQL"],
        ["OpenApi"],
        ["Http"],
        ["Responses"],
        ["Access", "Html"],
        ["Storage", "Egress"],
        ["Background"],
        ["Settings"],
        ["Mail"],
    ];

    private static readonly string Source = Path.Combine(Golden.Root, "src", "ImapGateway");

    [Fact]
    public void Every_folder_has_a_rank() =>
        Assert.Equal(
            Ranks.SelectMany(rank => rank).Order(),
            Directory.GetDirectories(Source).Select(Path.GetFileName).Except(["bin", "obj", "Properties"]).Order());

    [Fact]
    public void A_folder_uses_only_folders_right_of_it()
    {
        var violations = from file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
                         let folder = Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar) is [var first, _, ..] ? first : null
                         where folder is not null and not "bin" and not "obj" && !file.Contains("Migrations", StringComparison.Ordinal)
                         from Match use in Use().Matches(File.ReadAllText(file))
                         let used = use.Groups["folder"].Value
                         where IsFolder(use) && used != folder && Rank(used) is { } rank && rank <= Rank(folder)
                         select $"{folder}/{Path.GetFileName(file)} uses {used}";
        Assert.Empty(violations.Distinct());
    }

    /// <summary>A test that finds nothing anywhere would pass for ever.</summary>
    [Fact]
    public void Uses_are_found_at_all() =>
        Assert.Contains(Use().Matches(File.ReadAllText(Path.Combine(Source, "Accounts", "AccountGrain.cs"))), use => use.Groups["folder"].Value == "Sync");

    /// <summary>A property may be called like a folder: then what follows is no file of it.</summary>
    private static bool IsFolder(Match use) => use.Groups["type"] is not { Success: true, Value: var type } || File.Exists(Path.Combine(Source, use.Groups["folder"].Value, type + ".cs"));

    private static int? Rank(string folder) => Array.FindIndex(Ranks, rank => rank.Contains(folder)) is >= 0 and var rank ? rank : null;

    [GeneratedRegex(@"\bImapGateway\.(?<folder>[A-Z][A-Za-z]+)\b|(?<![\w.])(?<folder>Messages|Mailboxes|Webhooks|Keys|Accounts|Sync|Changes|Cache|Imap|Egress|Background|Settings)\.(?<type>[A-Z]\w+)")]
    private static partial Regex Use();
}
