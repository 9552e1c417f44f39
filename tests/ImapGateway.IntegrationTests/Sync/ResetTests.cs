using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Mail;
using ImapGateway.Messages;
using ImapGateway.Sync;
using Microsoft.EntityFrameworkCore;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>A new UIDVALIDITY: what is found again keeps its id and is not told, what is lost is removed, what is new is added.</summary>
public sealed class ResetTests : IAsyncLifetime
{
    private const string Plain = ScriptedOptions.Modest;
    private const string ObjectIds = ScriptedOptions.Modest + " OBJECTID ESEARCH CONDSTORE";

    private static readonly MailboxRef InboxRef = MailboxRef.Parse("inbox");
    private static readonly MailboxRef ArchiveRef = MailboxRef.Parse("archive");

    private Owners _owners = null!;
    private AccountContext _account = null!;
    private Dictionary<string, string> _ids = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_owners is not null)
        {
            await _owners.DisposeAsync();
        }
    }

    private ScriptedMailbox Inbox => _owners.Server.Inbox;

    private async Task Start(string capabilities, params string[] subjects)
    {
        _owners = await Owners.Start(new ScriptedOptions { Capabilities = capabilities });
        _owners.MoveWindow = TimeSpan.FromSeconds(2);
        _owners.Server.AddMailbox("Archive");
        foreach (var subject in subjects)
        {
            Inbox.Add(subject);
        }
        _account = await _owners.Claim();
        _ids = await Ids(InboxRef);
        await Ids(ArchiveRef);
        await _owners.Fingerprinted(_account);
    }

    private async Task<Dictionary<string, string>> Ids(MailboxRef mailbox) =>
        (await _owners.Run(_account, new ListMessages(mailbox, new MessageFilter(), 500, null))).Items.ToDictionary(message => message.Subject!, message => message.Id);

    /// <summary>The messages get other uids, in another order, above those of before.</summary>
    private void Renumber(Func<ScriptedMessage, bool>? keep = null)
    {
        var messages = Inbox.Messages;
        foreach (var message in messages)
        {
            Inbox.Remove(message);
        }
        Inbox.UidValidity += 7;
        Inbox.UidNext = 1;
        foreach (var message in messages.Reverse().Where(message => keep?.Invoke(message) != false))
        {
            Inbox.Add(message.CopyAs);
        }
    }

    [Fact]
    public async Task An_owner_that_ends_while_messages_of_a_large_mailbox_are_found_again_loses_no_id()
    {
        var subjects = Enumerable.Range(0, 2 * CommitPlan.MostRematched + 1000).Select(i => $"m{i}").ToArray();
        await Start(Plain + " ESEARCH", subjects);
        Dictionary<uint, ulong> Rows() => _account.Mailboxes.All.Single(mailbox => mailbox.Listed.IsInbox).Index.Ascending().ToDictionary(row => row.Uid, row => row.Id);
        Task<bool> AnyLost(int fewerThan) => _owners.Database.ReadAsync((db, token) => db.Set<MailboxEntity>().AnyAsync(row => row.Lost && row.Messages < fewerThan, token), CancellationToken.None);
        var before = Rows();
        Inbox.UidValidity += 7;
        var interrupted = Ids(InboxRef);
        while (!await AnyLost(subjects.Length))
        {
            Assert.False(interrupted.IsCompleted);
        }
        _account = await _owners.Claim();
        await Assert.ThrowsAsync<LostOwnershipException>(() => interrupted);
        Assert.True(await AnyLost(subjects.Length));

        await Ids(InboxRef);
        Assert.Equal(before, Rows());
        Assert.False(await AnyLost(int.MaxValue));
        await _owners.Tells(_account, "mailbox.reset INBOX uid_validity");
    }

    private static string Subject(ScriptedMessage message) =>
        System.Text.Encoding.UTF8.GetString(message.Octets).Split("Subject: ")[1].Split('\r')[0];

    [Theory]
    [InlineData(Plain)]
    [InlineData(ObjectIds)]
    public async Task What_is_found_again_keeps_its_id_what_is_lost_is_removed_what_is_new_is_added(string capabilities)
    {
        await Start(capabilities, "one", "two", "three", "four");
        Renumber(message => Subject(message) != "two");
        Inbox.Add("five");
        Inbox.SetFlags(Inbox.Messages.Single(message => Subject(message) == "three"), @"\Seen");
        var after = await Ids(InboxRef);
        Assert.Equal(["five", "four", "one", "three"], after.Keys.Order());
        Assert.All(after.Where(one => one.Key != "five"), one => Assert.Equal(_ids[one.Key], one.Value));
        Assert.Equal(
            ["mailbox.reset INBOX uid_validity", "message.removed two INBOX", "message.flags_changed INBOX +[$seen] -[]", "message.added five INBOX"],
            await _owners.Told(_account));
        Assert.Equal(Code.Gone, (await Assert.ThrowsAsync<ProblemException>(() => _owners.Run(_account, new GetMessage(_ids["two"], ReadOptions.Basic)))).Code);
        await Ids(InboxRef);
        _account = await _owners.Claim();
        Assert.Equal(after.OrderBy(one => one.Key), (await Ids(InboxRef)).OrderBy(one => one.Key));
        Assert.Equal(4, (await _owners.Told(_account)).Count);
    }

    /// <summary>As on Courier, before the first message of a mailbox.</summary>
    [Theory]
    [InlineData(Plain)]
    [InlineData(Plain + " CONDSTORE")]
    [InlineData(Plain + " CONDSTORE QRESYNC ENABLE")]
    public async Task A_mailbox_without_messages_is_not_reset(string capabilities)
    {
        await Start(capabilities);
        for (var i = 0; i < 3; i++)
        {
            Inbox.UidValidity++;
            Assert.Empty(await Ids(InboxRef));
        }
        Inbox.UidValidity++;
        Inbox.Add("one");
        var one = Assert.Single(await Ids(InboxRef));
        Assert.Equal(["message.added one INBOX"], await _owners.Told(_account));
        Inbox.UidValidity++;
        Assert.Equal(one, Assert.Single(await Ids(InboxRef)));
        await _owners.Tells(_account, "message.added one INBOX", "mailbox.reset INBOX uid_validity");
    }

    [Fact]
    public async Task What_was_moved_to_another_mailbox_meanwhile_and_is_seen_there_was_moved()
    {
        await Start(Plain, "one", "two");
        Owners.Copy(Inbox.Messages[0], _owners.Server["Archive"]);
        Assert.Empty(await Ids(ArchiveRef));
        Renumber(message => Subject(message) != "one");
        Assert.Equal(_ids["two"], (await Ids(InboxRef)).Single().Value);
        Assert.Equal(_ids["one"], (await Ids(ArchiveRef)).Single().Value);
        await _owners.Tells(_account, "mailbox.reset INBOX uid_validity", "message.moved one INBOX>Archive");
    }

    [Fact]
    public async Task Until_it_is_settled_ids_are_neither_found_nor_gone_and_a_new_owner_goes_on()
    {
        await Start(Plain, "one", "two", "three");
        Renumber(message => Subject(message) != "three");
        Inbox.Add("four");
        var broken = true;
        _owners.Server.On("UID FETCH", (session, _, proceed) =>
        {
            if (broken)
            {
                session.Reset();
                return Task.CompletedTask;
            }
            return proceed();
        });
        await Assert.ThrowsAsync<ProblemException>(() => Ids(InboxRef));
        Assert.Equal(["mailbox.reset INBOX uid_validity"], await _owners.Told(_account));
        foreach (var id in _ids.Values)
        {
            var problem = await Assert.ThrowsAsync<ProblemException>(() => _owners.Run(_account, new StoreFlags(id, [Flags.Seen], [], default)));
            Assert.Equal(Code.Unavailable, problem.Code);
            Assert.NotNull(problem.Problem.RetryAfter);
        }
        _account = await _owners.Claim();
        Assert.Equal(Code.Unavailable, (await Assert.ThrowsAsync<ProblemException>(() => _owners.Run(_account, new StoreFlags(_ids["one"], [Flags.Seen], [], default)))).Code);
        broken = false;
        var after = await Ids(InboxRef);
        Assert.Equal((_ids["one"], _ids["two"]), (after["one"], after["two"]));
        await _owners.Tells(_account, "mailbox.reset INBOX uid_validity", "message.removed three INBOX", "message.added four INBOX");
        Assert.Equal(Code.Gone, (await Assert.ThrowsAsync<ProblemException>(() => _owners.Run(_account, new StoreFlags(_ids["three"], [Flags.Seen], [], default)))).Code);
    }

    [Fact]
    public async Task A_second_new_uidvalidity_before_the_first_is_settled_loses_nothing()
    {
        await Start(Plain, "one", "two");
        var broken = true;
        _owners.Server.On("UID FETCH", (session, _, proceed) =>
        {
            if (broken)
            {
                session.Reset();
                return Task.CompletedTask;
            }
            return proceed();
        });
        Renumber();
        await Assert.ThrowsAsync<ProblemException>(() => Ids(InboxRef));
        Renumber();
        await Assert.ThrowsAsync<ProblemException>(() => Ids(InboxRef));
        broken = false;
        Assert.Equal(_ids.OrderBy(one => one.Key), (await Ids(InboxRef)).OrderBy(one => one.Key));
        await _owners.Tells(_account, "mailbox.reset INBOX uid_validity", "mailbox.reset INBOX uid_validity");
    }

    [Theory]
    [InlineData("NO [UNAVAILABLE] cannot read it")]
    [InlineData("BAD Could not parse message")]
    [InlineData(Refusals.Closes)]
    [InlineData(Refusals.SaysNothing)]
    public async Task A_message_that_cannot_be_read_loses_its_own_id_alone(string how)
    {
        await Start(Plain, "one", "two", "three", "four");
        var bad = Inbox.Messages.Single(message => Subject(message) == "two").Uid;
        _owners.Server.Refuse(how, [bad]);
        Inbox.UidValidity += 7;
        var after = (await _owners.Run(_account, new ListMessages(InboxRef, new MessageFilter(), 500, null))).Items;
        Assert.Equal(["four", "three", null, "one"], after.Select(message => message.Subject));
        Assert.All(after.Where(message => message.Subject is not null), message => Assert.Equal(_ids[message.Subject!], message.Id));
        await _owners.Tells(_account, "mailbox.reset INBOX uid_validity", "message.removed two INBOX", "message.added INBOX");
    }

    [Theory]
    [InlineData("NO [UNAVAILABLE] cannot read it")]
    [InlineData(Refusals.Closes)]
    public async Task Messages_get_their_fingerprints_beside_one_that_cannot_be_read(string how)
    {
        _owners = await Owners.Start(new ScriptedOptions { Capabilities = Plain });
        foreach (var subject in new[] { "one", "two", "three" })
        {
            Inbox.Add(subject);
        }
        _owners.Server.Refuse(how, [2]);
        _account = await _owners.Claim();
        await _owners.Run(_account, new ListMessages(InboxRef, new MessageFilter(), 500, null));
        await TestWait.For(() => _account.Mailboxes.All.Single().Index.WithoutFingerprint(uint.MaxValue).SequenceEqual([2u]), "fingerprints of the others");
    }

    [Fact]
    public async Task Thousands_are_found_again()
    {
        await Start(Plain, [.. Enumerable.Range(0, 3000).Select(i => $"m{i}")]);
        var before = await Rows();
        Renumber();
        await _owners.Run(_account, new ListMessages(InboxRef, new MessageFilter(), 50, null));
        Assert.Equal(before.Order(), (await Rows()).Order());
        await _owners.Tells(_account, "mailbox.reset INBOX uid_validity");

        Task<List<ulong>> Rows() => _owners.Run(() => Task.FromResult(_account.Mailboxes.AtPath("INBOX")!.Index.Ascending().Select(row => row.Id).ToList()));
    }
}
