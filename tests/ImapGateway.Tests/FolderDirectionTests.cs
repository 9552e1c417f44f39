using System.Text.RegularExpressions;
using ImapGateway.Webhooks;
using ImapGateway.Webhooks.Lanes;
using ImapGateway.Webhooks.Sending;

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

    private static readonly Lazy<IReadOnlySet<(Type User, Type Used)>> Uses = new(() => TypeUses.Of(typeof(Program).Assembly));

    private static IEnumerable<string> Parents => Uses.Value.Select(use => use.User.Namespace!).Distinct();

    [Fact]
    public void Every_folder_has_a_rank() =>
        Assert.Equal(
            Ranks.SelectMany(rank => rank).Order(),
            Directory.GetDirectories(Source).Select(Path.GetFileName).Except(["bin", "obj", "Properties"]).Order());

    [Fact]
    public void A_folder_uses_only_folders_right_of_it()
    {
        var violations = from file in Files()
                         let folder = Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar) is [var first, _, ..] ? first : null
                         where folder is not null
                         from Match use in Use().Matches(File.ReadAllText(file))
                         let used = use.Groups["folder"].Value
                         where IsFolder(use) && used != folder && Rank(used) is { } rank && rank <= Rank(folder)
                         select $"{folder}/{Path.GetFileName(file)} uses {used}";
        Assert.Empty(violations.Distinct());
    }

    [Fact]
    public void A_namespace_is_the_folder_of_its_files()
    {
        var elsewhere = from file in Files()
                        let folder = Path.GetRelativePath(Path.GetDirectoryName(Source)!, Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '.')
                        from Match found in Namespace().Matches(File.ReadAllText(file))
                        where found.Groups["name"].Value != folder
                        select $"{Path.GetRelativePath(Source, file)} has the namespace {found.Groups["name"].Value}";
        Assert.Empty(elsewhere);
    }

    [Fact]
    public void The_folders_in_a_folder_form_no_cycle() => AssertNone(Parents.SelectMany(parent => FolderCycles.In(parent, Uses.Value.Where(use => use.User.Namespace != parent && use.Used.Namespace != parent))));

    /// <summary>
    /// A type that stands beside folders may be above all of them, as their setup is, or below, as their options are. In Storage the options check values by the rules of the
    /// folders that read them, and the commands stand in a folder.
    /// </summary>
    [Fact]
    public void A_type_beside_folders_is_above_them_or_below() => AssertNone(Parents.Where(parent => parent != "ImapGateway.Storage").SelectMany(parent => FolderCycles.In(parent, Uses.Value)));

    [Fact]
    public void A_cycle_is_found_where_there_is_one()
    {
        (Type, Type) down = (typeof(Lane), typeof(Attempt));
        (Type, Type) up = (typeof(Attempt), typeof(Lane));
        (Type, Type) beside = (typeof(Attempt), typeof(WebhooksOptions));
        Assert.Empty(FolderCycles.In("ImapGateway.Webhooks", [down, beside]));
        Assert.Equal(
            ["ImapGateway.Webhooks: Lanes/ uses Sending/ (Lane uses Attempt)", "ImapGateway.Webhooks: Sending/ uses Lanes/ (Attempt uses Lane)"], FolderCycles.In("ImapGateway.Webhooks", [down, up, beside]));
        Assert.Equal(3, FolderCycles.In("ImapGateway.Webhooks", [down, beside, (typeof(WebhooksOptions), typeof(Lane))]).Count());
    }

    /// <summary>A test that finds nothing anywhere would pass for ever.</summary>
    [Fact]
    public void Uses_are_found_at_all()
    {
        Assert.Contains(Use().Matches(File.ReadAllText(Path.Combine(Source, "Accounts", "AccountGrain.cs"))), use => use.Groups["folder"].Value == "Sync");
        Assert.Contains(Uses.Value, use => use.User == typeof(Lane) && use.Used == typeof(Attempt));
    }

    private static void AssertNone(IEnumerable<string> cycles) => Assert.True(!cycles.Any(), string.Join('\n', cycles));

    private static IEnumerable<string> Files() =>
        from file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
        where Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar) is not ["bin" or "obj", ..] && !file.Contains("Migrations", StringComparison.Ordinal)
        select file;

    /// <summary>A property may be called like a folder: then what follows is no file of it.</summary>
    private static bool IsFolder(Match use) => use.Groups["type"] is not { Success: true, Value: var type } || File.Exists(Path.Combine(Source, use.Groups["folder"].Value, type + ".cs"));

    private static int? Rank(string folder) => Array.FindIndex(Ranks, rank => rank.Contains(folder)) is >= 0 and var rank ? rank : null;

    [GeneratedRegex(@"\bImapGateway\.(?<folder>[A-Z][A-Za-z]+)\b|(?<![\w.])(?<folder>Messages|Mailboxes|Webhooks|Keys|Accounts|Sync|Changes|Cache|Imap|Egress|Background|Settings)\.(?<type>[A-Z]\w+)")]
    private static partial Regex Use();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
