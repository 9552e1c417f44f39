using System.Reflection;
using System.Text.RegularExpressions;
using ImapGateway.Mail;

namespace ImapGateway.Tests;

public partial class InputTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Ann Müller 日本 😀")]
    [InlineData("\"quoted\" {5} \\ ) %0a")]
    public void Text_of_any_script_is_plain(string text) => Assert.True(InputText.IsPlain(text));

    [Fact]
    public void What_ends_a_line_or_cannot_be_stored_is_not()
    {
        // No theory: attributes cannot hold half a surrogate pair.
        foreach (var text in new[] { "\r", "\n", "\0", "\t", "\u007F", "\u0085", "\u2028", "\u2029", "\uD800", "\uDC00" })
        {
            foreach (var whole in new[] { text, text + "a", "a" + text, "😀" + text, text + "😀" })
            {
                Assert.False(InputText.IsPlain(whole), $"U+{(int)text[0]:X4}");
                Assert.False(AccountId.IsValid(whole), $"U+{(int)text[0]:X4}");
            }
        }
    }

    [Theory]
    [InlineData("acc_k3v7q2mzp4x6a", true)]
    [InlineData("key_k3v7q2mzp4x6a", true)]
    [InlineData("wh_k3v7q2mzp4x6a", true)]
    [InlineData("acc_k3v7q2mzp4x6", false)]
    [InlineData("acc_K3V7Q2MZP4X6A", false)]
    [InlineData("acc_customer", false)]
    [InlineData("ann", false)]
    public void Ids_of_the_gateways_own_form_are_told_from_others(string id, bool isMinted) => Assert.Equal(isMinted, ObjectId.LooksMinted(id));

    [Fact]
    public void Every_id_that_is_minted_looks_so()
    {
        foreach (var kind in new[] { ObjectId.Message, ObjectId.Mailbox, ObjectId.Change })
        {
            foreach (var counter in new[] { 0UL, 1UL, 32UL, 1_000_000UL, ulong.MaxValue })
            {
                Assert.True(ObjectId.LooksMinted(ObjectId.Format(kind, ObjectId.NewIncarnation(), counter)));
            }
        }
        var prefixes = Directory.EnumerateFiles(Path.Combine(Golden.Root, "src", "ImapGateway"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => NewRandom().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value is { Length: > 0 } prefix ? prefix : AccountId.Prefix).Distinct().ToList();
        Assert.True(prefixes.Count >= 3, string.Join(' ', prefixes));
        Assert.All(prefixes, prefix => Assert.True(ObjectId.LooksMinted(ObjectId.NewRandom(prefix)), prefix));
    }

    /// <summary>In .NET "$" also matches before a line feed at the end.</summary>
    [Fact]
    public void No_pattern_ends_with_a_dollar_sign()
    {
        var patterns = typeof(InputText).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .SelectMany(method => method.GetCustomAttributes<GeneratedRegexAttribute>().Select(pattern => (Method: $"{method.DeclaringType}.{method.Name}", pattern.Pattern)))
            .ToList();
        Assert.True(patterns.Count > 20, "The patterns are not found.");
        var dollars = patterns.FindAll(pattern => DollarAnchor().IsMatch(CharacterClass().Replace(pattern.Pattern, ".")));
        Assert.True(dollars.Count == 0, string.Join('\n', dollars));
    }

    [Fact]
    public void Every_pattern_is_where_the_test_above_finds_it() =>
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.Combine(Golden.Root, "src", "ImapGateway"), "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)),
            file => OtherPattern().IsMatch(File.ReadAllText(file)));

    [GeneratedRegex(@"\[(?:\\.|[^\]\\])+\]", RegexOptions.Singleline)]
    private static partial Regex CharacterClass();

    [GeneratedRegex(@"(?<!\\)\$")]
    private static partial Regex DollarAnchor();

    [GeneratedRegex(@"new Regex\(|Regex\.(?:IsMatch|Match|Matches|Replace|Split)\(|\[RegularExpression")]
    private static partial Regex OtherPattern();

    [GeneratedRegex(@"NewRandom\((?:""([a-z]+)""|AccountId\.Prefix)\)")]
    private static partial Regex NewRandom();
}
