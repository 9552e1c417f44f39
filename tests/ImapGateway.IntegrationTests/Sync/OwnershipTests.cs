using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Messages;
using ImapGateway.Sync;
using Microsoft.EntityFrameworkCore;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>One owner writes the state of an account (the fence), and what it has written is what the next one finds.</summary>
public class OwnershipTests
{
    private static readonly MailboxRef Inbox = MailboxRef.Parse("inbox");

    private static async Task<string> Shown(Owners owners, AccountContext account) =>
        string.Join(' ', (await owners.Run(account, new ListMessages(Inbox, new MessageFilter(), 500, null))).Items.Select(message => $"{message.Subject}={message.Id}[{message.Flags}]"));

    private static Task<int> Rows(Owners owners) =>
        owners.Database.ReadAsync((db, cancel) => db.Set<MailboxEntity>().SumAsync(mailbox => mailbox.Messages, cancel), CancellationToken.None);

    [Fact]
    public async Task A_stale_owner_writes_nothing_more_and_the_next_finds_every_id()
    {
        await using var owners = await Owners.Start();
        var one = owners.Server.Inbox.Add("one");
        var stale = await owners.Claim();
        var first = await Shown(owners, stale);
        var owner = await owners.Claim();
        Assert.Equal(first, await Shown(owners, owner));

        // New mail, flags, a removal, a new mailbox: every way to write.
        owners.Server.Inbox.Add("two");
        await Assert.ThrowsAsync<LostOwnershipException>(() => Shown(owners, stale));
        Assert.Equal(1, await Rows(owners));
        owners.Server.Inbox.SetFlags(one, @"\Seen");
        await Assert.ThrowsAsync<LostOwnershipException>(() => Shown(owners, stale));
        await Assert.ThrowsAsync<LostOwnershipException>(() => owners.Run(stale, new StoreFlags(first[4..first.IndexOf('[', StringComparison.Ordinal)], [Flags.Flagged], [], default)));
        owners.Server.AddMailbox("New");
        await Assert.ThrowsAsync<LostOwnershipException>(() => owners.Run(() => stale.Mailboxes.Tree.ListAsync(CancellationToken.None)));
        Assert.Equal(1, await Rows(owners));

        // It has not changed its memory for what it could not write either, and the owner has given each id once.
        Assert.Equal(1, stale.Mailboxes.All.Sum(mailbox => mailbox.Index.Count));
        var second = await Shown(owners, owner);
        Assert.EndsWith(first.Replace("[]", "[$flagged $seen]", StringComparison.Ordinal), second, StringComparison.Ordinal);
        Assert.Equal(second, await Shown(owners, await owners.Claim()));
    }

    [Fact]
    public async Task Two_owners_that_see_the_same_new_mail_give_it_one_id()
    {
        await using var owners = await Owners.Start();
        var (one, other) = (await owners.Claim(), await owners.Claim());
        owners.Server.Inbox.Add("new");
        var shown = await Task.WhenAll(new[] { one, other }.Select(async account => await Record.ExceptionAsync(() => Shown(owners, account))));
        Assert.IsType<LostOwnershipException>(shown[0]);
        Assert.Null(shown[1]);
        Assert.Equal(1, await Rows(owners));
    }

    [Fact]
    public async Task An_index_that_has_lost_a_page_is_made_anew_and_its_old_ids_are_gone()
    {
        await using var owners = await Owners.Start();
        for (var i = 0; i < 2_500; i++)
        {
            owners.Server.Inbox.Add($"m{i}");
        }
        var before = await owners.Claim();
        await Shown(owners, before);
        var ids = before.Mailboxes.All.Single(mailbox => mailbox.Role == Role.Inbox).Index.Ascending().Select(row => row.Id).ToList();
        Assert.Equal(2_500, ids.Count);
        // Else it may write the page again, with the fingerprints it finds out meanwhile.
        await owners.Fingerprinted(before);
        var removed = await owners.Database.WriteAsync((db, cancel) => db.Set<IndexPageEntity>().Where(page => page.Number == 1).ExecuteDeleteAsync(cancel), CancellationToken.None);
        Assert.Equal(1, removed);

        var after = await owners.Claim();
        await Shown(owners, after);
        var anew = after.Mailboxes.All.Single(mailbox => mailbox.Role == Role.Inbox).Index.Ascending().Select(row => row.Id).ToList();
        Assert.Equal(2_500, anew.Count);
        Assert.Empty(anew.Intersect(ids));
        var id = ObjectId.Format(ObjectId.Message, after.Mailboxes.Incarnation, ids[1_200]);
        Assert.Equal(Code.Gone, (await Assert.ThrowsAsync<ProblemException>(() => owners.Run(after, new GetMessage(id, ReadOptions.Basic)))).Code);
        Assert.Equal(await Shown(owners, after), await Shown(owners, await owners.Claim()));
    }
}
