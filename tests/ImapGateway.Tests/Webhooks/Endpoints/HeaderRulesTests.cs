using System.Collections.Immutable;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;

namespace ImapGateway.Tests.Webhooks.Endpoints;

public class HeaderRulesTests
{
    [Theory]
    [InlineData("Authorization", "Bearer x", true)]
    [InlineData("X-Tenant", "", true)]
    [InlineData("Cookie", "a=b", true)]
    [InlineData("Connection", "close", false)]
    [InlineData("transfer-encoding", "chunked", false)]
    [InlineData("Host", "elsewhere", false)]
    [InlineData("Content-Type", "text/plain", false)]
    [InlineData("Webhook-Signature", "v1,forged", false)]
    [InlineData("webhook-anything", "x", false)]
    [InlineData("two words", "x", false)]
    [InlineData("", "x", false)]
    [InlineData("X-Line", "a\r\nHost: b", false)]
    [InlineData("X-Umlaut", "ü", false)]
    public void Headers_of_the_connection_and_of_the_gateway_are_refused(string name, string value, bool expected)
    {
        var errors = new RequestErrors();
        HeaderRules.Check(ImmutableDictionary<string, string?>.Empty.Add(name, value), errors);
        Assert.Equal(expected, Record.Exception(() => errors.ThrowIfAny()) is null);
    }

    [Fact]
    public void A_name_in_two_spellings_is_one_header()
    {
        var errors = new RequestErrors();
        HeaderRules.Check(ImmutableDictionary<string, string?>.Empty.Add("X-A", "1").Add("x-a", "2"), errors);
        Assert.Throws<ProblemException>(() => errors.ThrowIfAny());
    }

    [Fact]
    public void A_patch_sets_removes_and_leaves_the_rest()
    {
        var present = ImmutableDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase).Add("A", "1").Add("B", "2").Add("C", "3");
        var merged = HeaderRules.Merge(present, ImmutableDictionary<string, string?>.Empty.Add("a", "9").Add("B", null));
        Assert.Equal([("a", "9"), ("C", "3")], merged.OrderBy(header => header.Value, Comparer<string>.Create((x, y) => string.CompareOrdinal(y, x))).Select(header => (header.Key, header.Value)));
        Assert.Empty(HeaderRules.Merge(present, null));
    }
}
