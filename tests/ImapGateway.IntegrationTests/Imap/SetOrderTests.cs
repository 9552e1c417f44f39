using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Lists are newest first, but the sets of commands are in ascending order: Courier answers a descending range with nothing, other servers with BAD.</summary>
public sealed partial class SetOrderTests
{
    private const int Messages = 1_030;

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task Every_set_that_is_sent_is_ascending(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Dovecot.Seed(world.User, Messages, i => ScriptedMessage.Text($"m{i + 1}"));
        var account = await world.AddAccount(tap.Port);
        var page = await account.Items(account.Messages("inbox", "?limit=20&fields=id,preview"));
        Assert.Equal(20, page.Count);
        Assert.Equal(5, (await account.Items(account.Messages("inbox", "?limit=5&unseen=true&subject=m10"))).Count);
        // Older than the newest thousand.
        var pages = await account.Pages("?limit=500");
        Assert.Equal(Messages, pages.Count);
        await account.Api.Data(
            "query($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages(first: 7) { nodes { id subject body { content } headers(names: [\"Subject\"]) { name } } } } } }",
            new { account = account.Id });
        foreach (var id in pages.Take(3).Select(message => message.Id()))
        {
            (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$flagged" } } })).Is(HttpStatusCode.OK);
            (await account.Api.Patch(account.Message(id), new { mailboxId = "archive" })).Is(HttpStatusCode.OK);
        }
        (await account.Api.Delete(account.Message(pages[4].Id()) + "?permanent=true")).Is(HttpStatusCode.NoContent);
        await account.Items(account.Messages("archive"));
        var sets = tap.Lines.Entries.Where(line => line.FromClient).Select(line => Set().Match(line.Text)).Where(match => match.Success).Select(match => match.Groups["set"].Value).ToList();
        Assert.Contains(sets, set => set.Contains(':', StringComparison.Ordinal));
        Assert.All(sets, AssertAscending);
    }

    private static void AssertAscending(string set)
    {
        var numbers = set.Split(',', ':').Select(number => number == "*" ? long.MaxValue : long.Parse(number, CultureInfo.InvariantCulture)).ToList();
        Assert.True(numbers.SequenceEqual(numbers.Order()), $"The set {set} is not in ascending order.");
    }

    [GeneratedRegex("^[A-Z][0-9]+ (?:UID )?(?:FETCH|STORE|COPY|MOVE|EXPUNGE|SEARCH .*UID) (?<set>[0-9*][0-9:,*]*)")]
    private static partial Regex Set();
}
