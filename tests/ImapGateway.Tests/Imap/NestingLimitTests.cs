using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class NestingLimitTests
{
    private static readonly string Deep = new('(', 600);

    private static bool IsExceeded(string sent) => new NestingLimit().IsExceeded(Encoding.Latin1.GetBytes(sent));

    [Fact]
    public void A_structure_too_deep_is_seen() => Assert.True(IsExceeded($"* 1 FETCH (UID 1 BODYSTRUCTURE {Deep}"));

    [Fact]
    public void Honest_nesting_passes() => Assert.False(IsExceeded(string.Concat(Enumerable.Repeat($"* 1 FETCH {new string('(', 400)}{new string(')', 400)}\r\n", 10))));

    [Fact]
    public void Lines_stand_alone() => Assert.False(IsExceeded(string.Concat(Enumerable.Repeat("* OK (((\r\n", 1_000))));

    [Fact]
    public void Quoted_strings_and_literals_may_hold_any_brackets()
    {
        Assert.False(IsExceeded($"* 1 FETCH (ENVELOPE (\"\\\"{Deep}\\\\\"))\r\n"));
        Assert.False(IsExceeded($"* 1 FETCH (BODY[] {{602}}\r\n{Deep}\r\n)\r\nA1 OK\r\n"));
    }

    [Fact]
    public void Nothing_hides_what_is_deep()
    {
        Assert.True(IsExceeded($"* 1 FETCH (BODY[] {{3}}\r\nabc {Deep}"));
        Assert.True(IsExceeded($"* OK {{99999}}\r\n* 1 FETCH {Deep}"));
        Assert.True(IsExceeded($"* OK \"never closed\r\n* 1 FETCH {Deep}"));
        Assert.True(IsExceeded($"* 1 FETCH (X {{5}} {Deep}"));
        Assert.True(IsExceeded($"* 1 FETCH (\"{{99999}}\" {Deep}"));
    }

    [Fact]
    public void Chunks_may_end_anywhere() => Prop.ForAll<byte[]>(order =>
    {
        string[] pieces = ["(", ")", "\"", "\\", "{2}", "{3+}", "\r\n", "* 1 FETCH ", "* OK ", "a"];
        var sent = Encoding.Latin1.GetBytes(string.Concat(order.Select(index => pieces[index % pieces.Length])));
        var (whole, piecewise) = (new NestingLimit(3), new NestingLimit(3));
        Assert.Equal(whole.IsExceeded(sent), sent.Any(octet => piecewise.IsExceeded([octet])));
    }).QuickCheckThrowOnFailure();
}
