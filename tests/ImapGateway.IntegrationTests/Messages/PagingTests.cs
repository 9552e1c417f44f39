using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync;
using MailKit;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Cursors go by uid: what comes and goes between pages neither hides a message that stayed nor shows one twice.</summary>
public class PagingTests
{
    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task Paging_under_churn_skips_nothing_that_stayed_and_repeats_nothing(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        var account = await world.AddAccount();
        const int Count = 200;
        await world.Dovecot.Seed(world.User, Count, i => ScriptedMessage.Text($"m{i + 1}"));
        using var other = await world.OtherClient();
        await other.Inbox.OpenAsync(FolderAccess.ReadWrite, TestContext.Current.CancellationToken);
        var random = new Random(7);
        var gone = new HashSet<uint>();
        var seen = await account.Pages("?limit=9", between: async () =>
        {
            var victims = Enumerable.Range(0, 4).Select(_ => (uint)random.Next(1, Count + 1)).Where(gone.Add).Select(uid => new UniqueId(uid)).ToList();
            if (victims.Count > 0)
            {
                await other.Inbox.StoreAsync(victims, new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted) { Silent = true });
                await other.Inbox.ExpungeAsync(victims);
            }
            await world.Deliver("late");
            await other.Inbox.StoreAsync(new UniqueId((uint)random.Next(1, Count + 1)), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Flagged) { Silent = true });
        });
        Assert.True(gone.Count > 30, "Too little has changed.");
        var uids = seen.Select(message => message.Uid()).ToList();
        Assert.Equal(uids.OrderDescending().Distinct(), uids);
        Assert.Empty(Enumerable.Range(1, Count).Select(uid => (uint)uid).Except(gone).Except(uids));
        Assert.All(seen, message => Assert.Equal($"m{message.Uid()}", message.Subject()));
    }

    [Fact]
    public async Task A_mailbox_emptied_between_pages_ends_the_list()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await world.Dovecot.Seed(world.User, 5, i => ScriptedMessage.Text($"m{i + 1}"));
        var first = (await account.Api.Get(account.Messages("inbox", "?limit=2"))).Is(HttpStatusCode.OK);
        await world.Dovecot.Doveadm("expunge", "-u", world.User, "mailbox", "INBOX", "all");
        var second = (await account.Api.Get(ListedMessages.NextLink(first))).Is(HttpStatusCode.OK);
        Assert.StartsWith("""{"items":[],"nextCursor":null,""", second.Text, StringComparison.Ordinal);
        Assert.False(second.Headers.Contains("Link"));
    }

    [Fact]
    public async Task A_page_that_ends_with_the_last_message_has_no_next()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await world.Dovecot.Seed(world.User, 4, i => ScriptedMessage.Text($"m{i + 1}"));
        var first = (await account.Api.Get(account.Messages("inbox", "?limit=2&fields=subject"))).Is(HttpStatusCode.OK);
        var second = (await account.Api.Get(ListedMessages.NextLink(first))).Is(HttpStatusCode.OK);
        Assert.Equal(["m2", "m1"], second.Json.GetProperty("items").EnumerateArray().Select(message => message.Subject()));
        Assert.Equal(["id", "subject"], second.Json.GetProperty("items")[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, second.Json.GetProperty("nextCursor").ValueKind);
        Assert.False(second.Headers.Contains("Link"));
    }

    [Theory]
    [InlineData("?limit=2&unseen=true", "inbox")]
    [InlineData("?limit=2&flag=work", "inbox")]
    [InlineData("?limit=2", "archive")]
    public async Task A_cursor_taken_to_another_list_is_refused(string query, string mailbox)
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await world.Dovecot.Seed(world.User, 4, i => ScriptedMessage.Text($"m{i + 1}"));
        var cursor = (await account.Api.Get(account.Messages("inbox", "?limit=2"))).Text("nextCursor");
        var refused = (await account.Api.Get(account.Messages(mailbox, $"{query}&cursor={cursor}"))).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        Assert.Equal("cursor", refused.Json.GetProperty("errors")[0].GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task A_scan_for_attachments_is_bounded_and_its_short_pages_lead_on()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await world.DeliverRaw("""
            Subject: with a file
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=b

            --b
            Content-Type: text/plain

            text
            --b
            Content-Type: application/pdf; name=a.pdf
            Content-Disposition: attachment; filename=a.pdf

            %PDF
            --b--
            """);
        await world.Dovecot.Seed(world.User, 2_100, i => ScriptedMessage.Text($"m{i + 1}"));
        var (pages, sizes) = (account.Messages("inbox", "?hasAttachments=true&limit=10"), new List<int>());
        ApiAnswer answer;
        do
        {
            answer = (await account.Api.Get(pages)).Is(HttpStatusCode.OK);
            sizes.Add(answer.Json.GetProperty("items").GetArrayLength());
            pages = answer.Headers.Contains("Link") ? ListedMessages.NextLink(answer) : null;
        }
        while (pages is not null);
        Assert.Equal([0, 0, 1], sizes);
        Assert.Equal("with a file", answer.Json.GetProperty("items")[0].Subject());
    }
}
