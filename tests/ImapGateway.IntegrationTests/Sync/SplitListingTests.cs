using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Storage;
using ImapGateway.Sync;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>A listing of many mailboxes is written in parts. What comes between two parts: a write of somebody else, and the end of the owner, as by kill -9.</summary>
public class SplitListingTests
{
    private const int Part = 500;
    private const int Many = 3 * Part;

    private static async Task<(Owners Owners, AccountContext Account)> Start(bool listed)
    {
        var owners = await Owners.Start();
        var account = await owners.Claim();
        if (listed)
        {
            await owners.Run(() => account.Mailboxes.Tree.ListAsync(CancellationToken.None));
        }
        for (var i = 0; i < Many; i++)
        {
            owners.Server.AddMailbox($"m{i}");
        }
        return (owners, account);
    }

    /// <summary>Runs a job directly behind the first part of the listing.</summary>
    private static async Task<(T Result, Task Listing)> Between<T>(Owners owners, AccountContext account, Func<GatewayDbContext, CancellationToken, Task<T>> job)
    {
        using var gate = new ManualResetEventSlim();
        var blocking = owners.Database.WriteAsync(
            (_, token) =>
            {
                gate.Wait(token);
                return Task.FromResult(true);
            },
            CancellationToken.None);
        var listing = owners.Run(() => account.Mailboxes.Tree.ListAsync(CancellationToken.None));
        // Until the first part is in the queue.
        await TestWait.For(() => owners.Run(() => Task.FromResult(account.Mailboxes.Known.HoldsAt() is null)));
        var behind = owners.Database.WriteAsync(job, CancellationToken.None);
        gate.Set();
        await blocking;
        return (await behind, listing);
    }

    private static Task<int> Rows(GatewayDbContext db, CancellationToken cancel) => db.Set<MailboxEntity>().CountAsync(cancel);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Others_write_between_the_parts(bool listed)
    {
        var (owners, account) = await Start(listed);
        await using (owners)
        {
            var (rows, listing) = await Between(owners, account, Rows);
            // The inbox was there before, or comes last; it is a part of its own while it is only kept.
            Assert.InRange(rows, 1, Part + 1);
            await listing;
            Assert.Equal(Many + 1, await owners.Database.ReadAsync(Rows, CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_first_listing_that_was_cut_off_is_not_complete_and_what_it_has_left_out_is_no_news()
    {
        var (owners, account) = await Start(listed: false);
        await using (owners)
        {
            var (_, listing) = await Between(owners, account, (db, cancel) => Fence.ClaimAsync(db, account.Mailboxes.Incarnation, cancel));
            await Assert.ThrowsAsync<LostOwnershipException>(() => listing);
            var next = await owners.Claim();
            Assert.Equal(Part, next.Mailboxes.All.Count);
            await owners.Run(() => next.Mailboxes.Tree.ListAsync(CancellationToken.None));
            Assert.Equal(Many + 1, next.Mailboxes.All.Count);
            Assert.Empty(await owners.Told(next));
        }
    }

    [Fact]
    public async Task New_mailboxes_are_told_once_each_whatever_cuts_the_listing_off()
    {
        var (owners, account) = await Start(listed: true);
        await using (owners)
        {
            var (_, listing) = await Between(owners, account, (db, cancel) => Fence.ClaimAsync(db, account.Mailboxes.Incarnation, cancel));
            await Assert.ThrowsAsync<LostOwnershipException>(() => listing);
            var next = await owners.Claim();
            await owners.Run(() => next.Mailboxes.Tree.ListAsync(CancellationToken.None));
            var told = await owners.Told(next);
            Assert.Equal(owners.Server.Mailboxes.Select(mailbox => mailbox.Name).Where(name => name != "INBOX").Select(name => $"mailbox.added {name}").Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
        }
    }
}
