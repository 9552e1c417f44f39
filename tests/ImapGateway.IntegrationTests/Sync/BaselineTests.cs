using ImapGateway.Accounts;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Sync;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>What was there when the account was first listed is no news; all that came later is, however late somebody looks.</summary>
public class BaselineTests
{
    private const string Exact = ScriptedOptions.Modest + " ESEARCH CONDSTORE";

    private static Task<int> Look(Owners owners, AccountContext account, string path) => owners.Run(async () =>
    {
        var mailbox = await account.Mailboxes.Tree.ResolveAsync(MailboxRef.AtPath(path), CancellationToken.None);
        await account.Mailboxes.Refresh.UpToDateAsync(mailbox, CancellationToken.None);
        return mailbox.Index.Count;
    });

    private static Task<int> List(Owners owners, AccountContext account) =>
        owners.Run(async () => (await account.Mailboxes.Tree.ListAsync(CancellationToken.None)).Count);

    [Theory]
    [InlineData(ScriptedOptions.Modest)]
    [InlineData(Exact)]
    public async Task The_first_sync_is_silent_and_what_comes_during_it_is_told(string capabilities)
    {
        await using var owners = await Owners.Start(new ScriptedOptions { Capabilities = capabilities });
        var archive = owners.Server.AddMailbox("Archive");
        owners.Server.Inbox.Add("old");
        archive.Add("older");
        var account = await owners.Claim();
        await List(owners, account);
        owners.Server.Inbox.Add("new");
        archive.Add("newer");
        await Look(owners, account, "INBOX");
        Assert.Equal(["message.added new INBOX"], await owners.Told(account));
        // Whoever goes on later knows where the news begins.
        account = await owners.Claim();
        archive.Add("newest");
        await Look(owners, account, "Archive");
        await owners.Tells(account, "message.added new INBOX", "message.added newer Archive", "message.added newest Archive");
    }

    [Fact]
    public async Task All_that_is_in_a_mailbox_of_later_is_new_and_so_is_the_mailbox()
    {
        await using var owners = await Owners.Start();
        var account = await owners.Claim();
        await List(owners, account);
        var box = owners.Server.AddMailbox("Work");
        box.Add("one");
        await List(owners, account);
        box.Add("two");
        await Look(owners, account, "Work");
        box.Rename("Play");
        await List(owners, account);
        await owners.Tells(account, "mailbox.added Play", "message.added one Play", "message.added two Play", "mailbox.renamed Play");
    }

    [Fact]
    public async Task A_mailbox_that_cannot_be_counted_begins_with_its_first_look()
    {
        await using var owners = await Owners.Start();
        var shy = owners.Server.AddMailbox("Shy");
        shy.Add("old");
        var hidden = true;
        owners.Server.On("STATUS", (session, command, proceed) =>
        {
            if (hidden && command[0] == "Shy")
            {
                session.Say($"{command.Tag} NO not yet");
                return Task.CompletedTask;
            }
            return proceed();
        });
        var account = await owners.Claim();
        await List(owners, account);
        hidden = false;
        shy.Add("also old");
        await Look(owners, account, "Shy");
        shy.Add("new");
        await Look(owners, account, "Shy");
        await owners.Tells(account, "message.added new Shy");
    }

    [Fact]
    public async Task What_happens_while_nobody_looks_is_told_afterwards()
    {
        await using var owners = await Owners.Start(new ScriptedOptions { Capabilities = Exact });
        foreach (var subject in new[] { "one", "two", "three" })
        {
            owners.Server.Inbox.Add(subject);
        }
        var account = await owners.Claim();
        await Look(owners, account, "INBOX");
        owners.Server.Inbox.Remove(owners.Server.Inbox.Messages[0]);
        owners.Server.Inbox.SetFlags(owners.Server.Inbox.Messages[0], @"\Seen");
        owners.Server.Inbox.Add("four");
        account = await owners.Claim();
        await Look(owners, account, "INBOX");
        Assert.Equal(["message.flags_changed INBOX +[$seen] -[]", "message.removed INBOX", "message.added four INBOX"], await owners.Told(account));
    }

    /// <summary>More than one transaction takes: what is written is told once, and what is not is told by the next owner.</summary>
    [Theory]
    [InlineData(ScriptedOptions.Modest)]
    [InlineData(Exact)]
    public async Task Thousands_of_changes_are_told_once_even_if_the_owner_is_cut_off_among_them(string capabilities)
    {
        await using var owners = await Owners.Start(new ScriptedOptions { Capabilities = capabilities });
        for (var i = 0; i < 1500; i++)
        {
            owners.Server.Inbox.Add($"old{i}");
        }
        var account = await owners.Claim();
        await Look(owners, account, "INBOX");
        await owners.Fingerprinted(account);
        foreach (var message in owners.Server.Inbox.Messages.Take(1200))
        {
            owners.Server.Inbox.SetFlags(message, @"\Seen");
        }
        foreach (var message in owners.Server.Inbox.Messages.Skip(1200))
        {
            owners.Server.Inbox.Remove(message);
        }
        for (var i = 0; i < 1100; i++)
        {
            owners.Server.Inbox.Add($"new{i}");
        }
        var fetches = 0;
        owners.Server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (command.ToString().Contains("BODYSTRUCTURE", StringComparison.Ordinal) && Interlocked.Increment(ref fetches) == 2)
            {
                // Another owner takes over in the middle.
                await owners.Claim();
            }
            await proceed();
        });
        await Assert.ThrowsAsync<ImapGateway.Changes.LostOwnershipException>(() => Look(owners, account, "INBOX"));
        var between = (await owners.Told(account)).Count;
        Assert.InRange(between, 1, 2599);
        account = await owners.Claim();
        for (var looks = 0; looks < 5; looks++)
        {
            // Without modSeqs the flags of older messages are compared in turn.
            Assert.Equal(2300, await Look(owners, account, "INBOX"));
        }
        var told = await owners.Told(account);
        Assert.Equal(1200, told.Count(change => change.StartsWith("message.flags_changed", StringComparison.Ordinal)));
        Assert.Equal(300, told.Count(change => change.StartsWith("message.removed", StringComparison.Ordinal)));
        Assert.Equal(Enumerable.Range(0, 1100).Select(i => $"message.added new{i} INBOX"), told.Where(change => change.StartsWith("message.added", StringComparison.Ordinal)));
        Assert.Equal(2600, told.Count);
    }

    [Fact]
    public async Task A_message_that_is_gone_before_it_can_be_read_is_never_told()
    {
        await using var owners = await Owners.Start();
        var account = await owners.Claim();
        await Look(owners, account, "INBOX");
        var brief = owners.Server.Inbox.Add("brief");
        owners.Server.Inbox.Add("one");
        owners.Server.On("UID FETCH", (_, _, proceed) =>
        {
            owners.Server.Inbox.Remove(brief);
            return proceed();
        });
        await Look(owners, account, "INBOX");
        await Look(owners, account, "INBOX");
        await owners.Tells(account, "message.added one INBOX");
    }

    [Fact]
    public async Task A_lost_index_is_told_as_a_reset_and_what_it_knew_is_no_news()
    {
        await using var owners = await Owners.Start();
        owners.Server.Inbox.Add("old");
        var account = await owners.Claim();
        await Look(owners, account, "INBOX");
        owners.Server.Inbox.Add("known");
        await Look(owners, account, "INBOX");
        await owners.Fingerprinted(account);
        await owners.Database.WriteAsync((db, cancel) => db.Set<IndexPageEntity>().ExecuteDeleteAsync(cancel), CancellationToken.None);
        account = await owners.Claim();
        owners.Server.Inbox.Add("new");
        await Look(owners, account, "INBOX");
        await Look(owners, account, "INBOX");
        await owners.Tells(account, "message.added known INBOX", "mailbox.reset INBOX index_lost", "message.added new INBOX");
        account = await owners.Claim();
        await Look(owners, account, "INBOX");
        await owners.Tells(account, "message.added known INBOX", "mailbox.reset INBOX index_lost", "message.added new INBOX");
    }
}
