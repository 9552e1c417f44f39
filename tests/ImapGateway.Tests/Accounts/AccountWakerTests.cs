using ImapGateway.Accounts;

namespace ImapGateway.Tests.Accounts;

public class AccountWakerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_account_is_woken_by_exactly_one_node_and_each_has_its_share(int nodes)
    {
        var accounts = Enumerable.Range(0, 2000).Select(i => $"acc_{i}").ToList();
        Assert.All(accounts, account => Assert.Single(Enumerable.Range(0, nodes), rank => AccountWaker.IsMine(account, nodes, rank)));
        Assert.All(Enumerable.Range(0, nodes), rank => Assert.InRange(accounts.Count(account => AccountWaker.IsMine(account, nodes, rank)), 1500 / nodes, 2500 / nodes));
    }
}
