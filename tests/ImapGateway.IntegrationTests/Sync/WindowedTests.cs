using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>A server that does not tell what has changed: flags of the newest messages are compared at every look, those of the older ones in turn.</summary>
public class WindowedTests
{
    private const int Older = 2 * MailboxLook.Window + 300;

    private static async Task<MailboxIndex> Look(Owners owners, AccountContext account) => await owners.Run(async () =>
    {
        var mailbox = await account.Mailboxes.Tree.ResolveAsync(MailboxRef.Parse("inbox"), CancellationToken.None);
        await account.Mailboxes.Refresh.UpToDateAsync(mailbox, CancellationToken.None);
        return mailbox.Index;
    });

    private static List<uint> Flagged(MailboxIndex index) => [.. index.Ascending().Where(row => row.Flags.Contains(Flags.Flagged)).Select(row => row.Uid)];

    [Fact]
    public async Task Flags_of_every_message_are_compared_within_a_few_looks()
    {
        await using var owners = await Owners.Start();
        var messages = Enumerable.Range(0, Older + MailboxLook.Window).Select(i => owners.Server.Inbox.Add($"m{i}")).ToList();
        var account = await owners.Claim();
        Assert.Equal(messages.Count, (await Look(owners, account)).Count);
        var some = messages.Where((_, i) => i % 250 == 0).Append(messages[^1]).ToList();
        some.ForEach(message => owners.Server.Inbox.SetFlags(message, @"\Flagged"));

        var found = new List<int>();
        for (var looks = 0; looks < 3; looks++)
        {
            var flagged = Flagged(await Look(owners, account));
            Assert.Equal(some.Select(message => message.Uid).Where(uid => uid > Older), flagged.Where(uid => uid > Older));
            found.Add(flagged.Count);
            // What comes and goes meanwhile shifts the numbers the looks go by.
            owners.Server.Inbox.Remove(messages[10 + looks]);
            owners.Server.Inbox.Add("late");
        }
        Assert.True(found[0] < found[1] && found[1] < found[2], string.Join(' ', found));
        Assert.Equal(some.Select(message => message.Uid), Flagged(await Look(owners, account)));
    }

    [Fact]
    public async Task A_look_asks_for_two_windows_however_many_messages_there_are()
    {
        await using var owners = await Owners.Start();
        for (var i = 0; i < Older + MailboxLook.Window; i++)
        {
            owners.Server.Inbox.Add($"m{i}");
        }
        var account = await owners.Claim();
        await Look(owners, account);
        await owners.Fingerprinted(account);
        owners.Server.Commands.Clear();
        await Look(owners, account);
        Assert.Equal(
            [$"{Older - MailboxLook.Window + 1}:{Older}", $"{Older + 1}:*"],
            owners.Server.Commands.Entries.Where(command => command.Name == "FETCH").Select(command => command[0]));
        Assert.DoesNotContain(owners.Server.Commands.Entries, command => command.Name is "UID SEARCH" or "UID FETCH");
    }
}
