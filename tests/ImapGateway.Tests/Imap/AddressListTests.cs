using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class AddressListTests
{
    /// <summary>"Name|address; Name|address", where a name that is missing is empty.</summary>
    private static string Read(string field) => string.Join("; ", AddressList.Parse(field).Select(entry => $"{entry.Name}|{entry.Address}"));

    [Theory]
    [InlineData("ann@example.com", "|ann@example.com")]
    [InlineData("<ann@example.com>", "|ann@example.com")]
    [InlineData("Ann Example <ann@example.com>", "Ann Example|ann@example.com")]
    [InlineData("\"Example, Ann\" <ann@example.com>, Bob <bob@example.com>", "Example, Ann|ann@example.com; Bob|bob@example.com")]
    [InlineData("\"Ann \\\"The Boss\\\" Example\" <ann@example.com>", "Ann \"The Boss\" Example|ann@example.com")]
    [InlineData("ann@example.com (Ann Example)", "Ann Example|ann@example.com")]
    [InlineData("<ann@example.com> (Ann (of Sales) Example)", "Ann (of Sales) Example|ann@example.com")]
    [InlineData("(a comment) Ann <ann@(the host)example.com>", "(a comment) Ann|ann@example.com")]
    [InlineData("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete(A nice \\) chap)|pete@silly.test")]
    [InlineData("ann @ example.com", "|ann@example.com")]
    [InlineData("\"ann smith\"@example.com, <\"a>b\"@example.com>", "|\"ann smith\"@example.com; |\"a>b\"@example.com")]
    [InlineData("Ann <@relay1.example,@relay2.example:ann@example.com>", "Ann|ann@example.com")]
    [InlineData("ann@[192.0.2.1], <bob@[IPv6:2001:db8::1]>, eve@[IPv6:2001:db8::2]", "|ann@[192.0.2.1]; |bob@[IPv6:2001:db8::1]; |eve@[IPv6:2001:db8::2]")]
    [InlineData("Zoë <zoë@münchen.example>, <x@xn--mnchen-3ya.example>", "Zoë|zoë@münchen.example; |x@xn--mnchen-3ya.example")]
    [InlineData("Friends: Ann <ann@example.com>, bob@example.com;, eve@example.com", "Ann|ann@example.com; |bob@example.com; |eve@example.com")]
    [InlineData("a: b: ann@example.com;;", "|ann@example.com")]
    public void What_the_standard_allows(string field, string expected) => Assert.Equal(expected, Read(field));

    [Theory]
    [InlineData("Support @ Firma <support@example.com>", "Support @ Firma|support@example.com")]
    [InlineData("ann@example.com via Forum <forum@example.com>", "ann@example.com via Forum|forum@example.com")]
    [InlineData("ceo@company.example <x@attacker.example>", "ceo@company.example|x@attacker.example")]
    [InlineData("\"ceo@company.example\" <x@attacker.example>", "ceo@company.example|x@attacker.example")]
    [InlineData("=?utf-8?Q?ceo=40company.example?= <x@attacker.example>", "ceo@company.example|x@attacker.example")]
    [InlineData("=?utf-8?Q?Ceo_=3Cceo=40company.example=3E=2C?= <x@attacker.example>", "Ceo <ceo@company.example>,|x@attacker.example")]
    [InlineData("=?utf-8?Q?ceo=40company.example?=, <x@attacker.example>", "ceo@company.example, |x@attacker.example")]
    [InlineData("Example, Ann <ann@example.com>", "Example, Ann|ann@example.com")]
    [InlineData("Ann, Bob & Co. <ann@example.com>", "Ann, Bob & Co.|ann@example.com")]
    [InlineData("Ann; Sales <ann@example.com>", "Ann; Sales|ann@example.com")]
    [InlineData("=?utf-8?Q?M=C3=BCller?=, Ann <ann@example.com>", "Müller, Ann|ann@example.com")]
    [InlineData("=?utf-8?Q?M=C3=BCller, Ann?= <ann@example.com>", "Müller, Ann|ann@example.com")]
    [InlineData("[EXTERNAL] Ann Example <ann@example.com>", "[EXTERNAL] Ann Example|ann@example.com")]
    [InlineData("Ann Example [Sales] <ann@example.com>", "Ann Example [Sales]|ann@example.com")]
    [InlineData("Dr. A. Example (Sales) [EU] <ann@example.com>", "Dr. A. Example (Sales) [EU]|ann@example.com")]
    [InlineData("Sales: EU <ann@example.com>, Bob <bob@example.com>", "Sales: EU|ann@example.com; Bob|bob@example.com")]
    [InlineData("O'Brien \\ Ann <ann@example.com>", "O'Brien \\ Ann|ann@example.com")]
    [InlineData("5\" disks <ann@example.com>, Bob <bob@example.com>", "5\" disks|ann@example.com; Bob|bob@example.com")]
    [InlineData("\"Doe, John <john@example.com>, \"Bob\" <bob@example.com>", "Doe, John|john@example.com; Bob|bob@example.com")]
    [InlineData("Ann :-) <ann@example.com>", "Ann :-)|ann@example.com")]
    [InlineData("Ann ( <ann@example.com>", "Ann (|ann@example.com")]
    public void A_name_is_what_stands_before_the_brackets_as_it_was_written(string field, string expected) => Assert.Equal(expected.Replace(", |", ",|", StringComparison.Ordinal), Read(field));

    [Theory]
    [InlineData("a@example.com; B Name <b@example.com>; c@example.com", "|a@example.com; B Name|b@example.com; |c@example.com")]
    [InlineData("'a@example.com'; 'b@example.com';", "|a@example.com; |b@example.com")]
    [InlineData("a@example.com b@example.com", "|a@example.com; |b@example.com")]
    [InlineData("Ann a@example.com Bob b@example.com", "Ann|a@example.com; Bob|b@example.com")]
    [InlineData("Ann <a@example.com> Bob <b@example.com>", "Ann|a@example.com; Bob|b@example.com")]
    [InlineData("Ann <a@example.com> b@example.com", "Ann|a@example.com; |b@example.com")]
    [InlineData(",,a@example.com,, ,b@example.com,", "|a@example.com; |b@example.com")]
    [InlineData("<a@example.com, b@example.com>", "|a@example.com; |b@example.com")]
    public void Lists_may_be_separated_by_anything(string field, string expected) => Assert.Equal(expected, Read(field));

    [Theory]
    [InlineData("\"Ann Example\" ann@example.com", "Ann Example|ann@example.com")]
    [InlineData("Ann Example ann@example.com", "Ann Example|ann@example.com")]
    [InlineData("Example, Ann ann@example.com", "Example, Ann|ann@example.com")]
    [InlineData("ann@example.com Ann Example", "Ann Example|ann@example.com")]
    [InlineData("Ann Example <ann@example.com", "Ann Example|ann@example.com")]
    [InlineData("Ann <ann@example.com, Bob <bob@example.com>", "Ann|ann@example.com; Bob|bob@example.com")]
    [InlineData("Ann Example <<ann@example.com>>", "Ann Example|ann@example.com")]
    [InlineData("Ann Example < ann@example.com >", "Ann Example|ann@example.com")]
    [InlineData("Ann ann@example.com>", "Ann|ann@example.com")]
    [InlineData("Ann <mailto:ann@example.com>, mailto:bob@example.com", "Ann|ann@example.com; |bob@example.com")]
    [InlineData("Ann <'ann@example.com'>", "Ann|ann@example.com")]
    [InlineData("[ann@example.com]", "|ann@example.com")]
    [InlineData("Ann Example <ann@example..com>", "Ann Example|ann@example..com")]
    [InlineData("Ann Example <ann.@example.com>", "Ann Example|ann.@example.com")]
    [InlineData("<ann@home@example.com>", "|ann@home@example.com")]
    [InlineData("=?utf-8?Q?Ann_Example_=3Cann=40example.com=3E?=", "Ann Example|ann@example.com")]
    [InlineData("=?utf-8?Q?Example=2C_Ann_=3Cann=40example.com=3E?=", "Example, Ann|ann@example.com")]
    [InlineData("Ann =?utf-8?Q?=3Cann=40example.com=3E?=", "Ann|ann@example.com")]
    [InlineData("\"Ann Example <ann@example.com>\"", "Ann Example|ann@example.com")]
    [InlineData("Ann <=?utf-8?Q?ann=40example.com?=>", "Ann|ann@example.com")]
    [InlineData("ann@example.com <>", "|ann@example.com")]
    public void An_address_is_found_wherever_its_brackets_are(string field, string expected) => Assert.Equal(expected, Read(field));

    [Theory]
    [InlineData("", "")]
    [InlineData("   ", "")]
    [InlineData("undisclosed-recipients:;", "")]
    [InlineData("Undisclosed recipients: ;", "")]
    [InlineData("undisclosed-recipients:", "")]
    [InlineData("<Undisclosed-Recipients:;>", "")]
    [InlineData("unlisted-recipients:; (no To-header on input)", "")]
    [InlineData("<>", "")]
    [InlineData("Ann <>", "Ann|")]
    [InlineData("Ann Example", "Ann Example|")]
    [InlineData("root", "|root")]
    [InlineData("root, ann@example.com", "|root; |ann@example.com")]
    [InlineData("Ann <ann>", "Ann|ann")]
    [InlineData("=?utf-8?Q?M=C3=BCller?=", "Müller|")]
    [InlineData("Ann </O=EXAMPLE/OU=SITE/CN=ANN>", "Ann|/O=EXAMPLE/OU=SITE/CN=ANN")]
    [InlineData("@", "|@")]
    [InlineData("<x\"> \"", "|x\"")]
    public void Names_without_addresses_and_nobody_at_all(string field, string expected) => Assert.Equal(expected, Read(field));

    [Fact]
    public void A_hostile_list_takes_no_more_time_than_its_length()
    {
        foreach (var piece in new[] { "<", "\"<", "(", ")", "=?a?q?x ", "@ ", "a@b ", "<a@b>", ":", ",;", "<\"", "[@", "\\\"", "(\"" })
        {
            Assert.InRange(AddressList.Parse(string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length))).Length, 0, AddressList.MaxAddresses);
        }
    }

    private const string Word = "=?utf-8?Q?a=2Cb=40c?=";

    private static readonly Gen<string> Junk = Gen.Elements(
        "Ann", "ceo@company.example", "@", ",", ";", ":", " ", ".", "[", "]", "'", "\u00fc", Word, "\\", ">", "<>", "<x", "(", ")", "\"", "=?").ArrayOf().Select(string.Concat);

    [Fact]
    public void Any_text_gives_a_list_without_an_address_that_does_not_stand_there() => Prop.ForAll(Junk.Select(junk => junk.Replace("(", "", StringComparison.Ordinal)).ToArbitrary(), field =>
    {
        var there = Bare(field);
        Assert.All(AddressList.Parse(field), entry => Assert.Contains(Bare(entry.Address), there, StringComparison.Ordinal));

        // Apart from comments, blanks around an @ and encoded words are the only things that are taken out of an address.
        static string Bare(string text) => string.Concat(text.Replace(Word, "a,b@c", StringComparison.Ordinal).Where(character => character is not (' ' or '\\')));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_address_in_brackets_is_found_whatever_stands_around_it() => Prop.ForAll(
        Junk.Select(junk => junk.Replace("\"", "", StringComparison.Ordinal).Replace("(", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal)).ToArbitrary(),
        Junk.Select(junk => junk.Replace("\"", "", StringComparison.Ordinal).Replace("(", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal)).ToArbitrary(),
        (before, behind) => Assert.Contains(AddressList.Parse($"{before}<zed@example.com>{behind}"), entry => entry.Address == "zed@example.com")).QuickCheckThrowOnFailure();

    [Fact]
    public void In_brackets_behind_anything_but_a_separator_the_address_is_the_only_one() => Prop.ForAll(
        Junk.Select(junk => string.Concat(junk.Where(character => character is not ('"' or '(' or ')' or '\\' or '<' or '>' or ',' or ';' or ':')))).ToArbitrary(),
        name => Assert.Equal(["zed@example.com"], AddressList.Parse($"{name}<zed@example.com>").Select(entry => entry.Address))).QuickCheckThrowOnFailure();
}
