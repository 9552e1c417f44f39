using System.Globalization;
using System.Net;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Changes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>Events are what schema/events/*.json say.</summary>
[Trait("Category", "judges")]
public class EventsTests
{
    [Fact]
    public async Task Whatever_can_be_told_fits_its_schema()
    {
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        var crowd = Enumerable.Range(0, 150).Select(n => new EmailAddress(null, $"a{n}@example.com"));
        await feed.Append(
            anna,
            "anna",
            Added(1),
            new MessageAdded("m_2", "b_1") { Message = Summary("m_2", "many") with { To = [.. crowd], Cc = [.. crowd] } },
            Flagged(1),
            new MessageMoved("m_1", "b_2", "b_1", Flags.Of("$seen", "own")) { Message = Summary("m_1", "moved") },
            new MessageMoved("m_2", "b_2", "b_1", Flags.None),
            Removed(1),
            Mailbox(3),
            new MailboxAdded("b_4", "Sent", Role.Sent),
            new MailboxRenamed("b_4", "Gesendet", "Sent", Role.Sent),
            new MailboxReset("b_4", "Gesendet", Role.Sent, "index_lost"),
            new MailboxRemoved("b_4", "Gesendet", null),
            new AccountChanged(ChangeType.AccountSynced, null, null),
            new AccountChanged(ChangeType.AccountConnected, null, null),
            new AccountChanged(ChangeType.AccountAuthFailed, "account.auth_failed", "no"),
            new AccountChanged(ChangeType.AccountUnavailable, "account.timeout", null));
        (await feed.Api.Delete("/v1/accounts/anna")).Is(HttpStatusCode.NoContent);
        var ids = await feed.NewKey(["webhooks"]);
        await Judge([.. await Read(feed.Api), .. await Read(ids.Api)], atLeast: 32);
    }

    [Fact]
    public async Task What_a_real_mailbox_goes_through_fits_too()
    {
        var world = await World.WithDovecot();
        var imap = new { host = DovecotServer.Host, port = world.Dovecot.Port, security = "none", username = world.User, password = DovecotServer.Password };
        var account = await world.AddAccount(new { name = world.User, email = world.User, imap, watch = "all" });
        await TestWait.For(async () => (await Types(world.Api, account.Id)).Contains("account.synced"));
        await world.Deliver("one");
        await TestWait.For(async () => (await Types(world.Api, account.Id)).Contains("message.added"));
        (await world.Api.Post(account.Mailboxes, new { path = "Projects" })).Is(HttpStatusCode.Created);
        (await world.Api.Delete($"/v1/accounts/{account.Id}")).Is(HttpStatusCode.NoContent);
        // Those of all tests that share the gateway.
        await Judge(await Read(world.Api), atLeast: 4);
    }

    private static async Task<IEnumerable<string?>> Types(ApiClient api, string account) =>
        (await api.Get($"/v1/accounts/{account}/changes?limit=500")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Select(change => change.GetProperty("type").GetString());

    private static async Task<List<string>> Read(ApiClient api)
    {
        var (lines, after) = (new List<string>(), "0");
        while (true)
        {
            var page = (await api.Get($"/v1/changes?after={after}&limit=500")).Is(HttpStatusCode.OK);
            lines.AddRange(page.Json.GetProperty("items").EnumerateArray().Select(change => change.GetRawText()));
            if (after == page.Text("nextAfter"))
            {
                return lines;
            }
            after = page.Text("nextAfter");
        }
    }

    private static async Task Judge(List<string> events, int atLeast)
    {
        Assert.True(events.Count >= atLeast, $"There were {events.Count} events only.");
        using var folder = new TemporaryDirectory();
        await File.WriteAllLinesAsync(folder["events"], events);
        var summary = (await Judges.Run("events-fit.mjs", Path.Combine(Judges.Root, "schema", "events"), folder["events"]))[^1];
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{ChangeTypes.Names.Count} schemas, {events.Count} events, 0 faults"), summary);
    }
}
