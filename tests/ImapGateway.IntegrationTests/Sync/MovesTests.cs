using ImapGateway.Accounts;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Mail;
using ImapGateway.Messages;
using ImapGateway.Sync;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>Messages that others move, on servers that name them by EMAILID, by X-GM-MSGID, or not at all. Nobody watches: each list is a look at one mailbox.</summary>
public sealed class MovesTests : IAsyncLifetime
{
    private const string Plain = ScriptedOptions.Modest;
    private const string ObjectIds = ScriptedOptions.Modest + " OBJECTID ESEARCH CONDSTORE";
    private const string Gmail = ScriptedOptions.Modest + " X-GM-EXT-1 ESEARCH CONDSTORE";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(2);
    private static readonly MailboxRef InboxRef = MailboxRef.Parse("inbox");
    private static readonly MailboxRef ArchiveRef = MailboxRef.Parse("archive");

    private Owners _owners = null!;
    private AccountContext _account = null!;

    public static TheoryData<string, bool> ServersAndOrders => new() { { Plain, true }, { Plain, false }, { ObjectIds, true }, { ObjectIds, false }, { Gmail, true }, { Gmail, false } };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_owners is not null)
        {
            await _owners.DisposeAsync();
        }
    }

    private ScriptedMailbox Inbox => _owners.Server.Inbox;

    private ScriptedMailbox Archive => _owners.Server["Archive"];

    /// <summary>An inbox and an archive that are known, with messages that can be told from others.</summary>
    private async Task Start(string capabilities, params string[] subjects)
    {
        _owners = await Owners.Start(new ScriptedOptions { Capabilities = capabilities });
        _owners.MoveWindow = Window;
        _owners.Server.AddMailbox("Archive");
        foreach (var subject in subjects)
        {
            Inbox.Add(subject);
        }
        _account = await _owners.Claim();
        await List(InboxRef);
        await List(ArchiveRef);
        await _owners.Fingerprinted(_account);
        Assert.Empty(await _owners.Told(_account));
    }

    private async Task<IReadOnlyList<Message>> List(MailboxRef mailbox) => (await _owners.Run(_account, new ListMessages(mailbox, new MessageFilter(), 50, null))).Items;

    private async Task<string> Shown(MailboxRef mailbox) => string.Join(' ', (await List(mailbox)).Select(message => $"{message.Subject}[{string.Join(' ', message.Flags)}]"));

    private Task Tells(params string[] changes) => _owners.Tells(_account, changes);

    [Theory]
    [MemberData(nameof(ServersAndOrders))]
    public async Task A_move_keeps_the_id_and_is_told_at_once_whichever_side_is_seen_first(string capabilities, bool sourceFirst)
    {
        await Start(capabilities, "one", "two");
        var id = (await List(InboxRef)).Single(message => message.Subject == "one").Id;
        Owners.Move(Inbox, Inbox.Messages[0], Archive);
        if (sourceFirst)
        {
            Assert.Equal("two[] one[]", await Shown(InboxRef));
            Assert.Empty(await _owners.Told(_account));
            Assert.Equal("one[]", await Shown(ArchiveRef));
        }
        else
        {
            Assert.Equal("", await Shown(ArchiveRef));
            Assert.Empty(await _owners.Told(_account));
            Assert.Equal("two[]", await Shown(InboxRef));
        }
        await Tells("message.moved one INBOX>Archive");
        Assert.Equal("one[]", await Shown(ArchiveRef));
        Assert.Equal("two[]", await Shown(InboxRef));
        Assert.Equal(id, (await List(ArchiveRef)).Single().Id);
        await Tells("message.moved one INBOX>Archive");
    }

    /// <summary>A Message-ID that many share, such as a broken sender's, is no hindrance where the server has ids of its own.</summary>
    [Theory]
    [InlineData(ObjectIds)]
    [InlineData(Gmail)]
    public async Task The_servers_own_ids_tell_messages_apart_that_call_themselves_alike(string capabilities)
    {
        await Start(capabilities, "one", "one");
        var ids = (await List(InboxRef)).Select(message => message.Id).ToList();
        Owners.Move(Inbox, Inbox.Messages[1], Archive);
        await List(InboxRef);
        Assert.Equal(ids[0], (await List(ArchiveRef)).Single().Id);
        Assert.Equal(ids[1], (await List(InboxRef)).Single().Id);
    }

    [Fact]
    public async Task What_cannot_match_waits_for_nothing()
    {
        await Start(Plain, "one");
        Inbox.Add("two");
        Assert.Equal("two[] one[]", await Shown(InboxRef));
        Inbox.Add(uid => new ScriptedMessage(uid, "\r\nno header at all\r\n"u8.ToArray()));
        Assert.Equal(3, (await List(InboxRef)).Count);
        Inbox.Remove(Inbox.Messages[2]);
        Assert.Equal(2, (await List(InboxRef)).Count);
        await Tells("message.added two INBOX", "message.added INBOX", "message.removed INBOX");
    }

    [Fact]
    public async Task What_is_nowhere_else_is_removed_when_the_window_has_passed()
    {
        await Start(Plain, "one", "two");
        var id = (await List(InboxRef)).Single(message => message.Subject == "one").Id;
        Inbox.Remove(Inbox.Messages[0]);
        Assert.Equal("two[] one[]", await Shown(InboxRef));
        Assert.Equal(2, await Total());
        Assert.Empty(await _owners.Told(_account));
        _owners.Pass(Window);
        await Tells("message.removed one INBOX");
        Assert.Equal("two[]", await Shown(InboxRef));
        Assert.Equal(1, await Total());
        Assert.Equal(Code.Gone, (await Assert.ThrowsAsync<ProblemException>(() => _owners.Run(_account, new GetMessage(id, ReadOptions.Basic)))).Code);
    }

    private async Task<long?> Total() => (await _owners.Run(_account, new ImapGateway.Mailboxes.ReadMailbox(InboxRef))).Total;

    [Fact]
    public async Task A_copy_is_a_message_of_its_own_once_the_window_has_passed()
    {
        await Start(Plain, "one");
        var copy = Owners.Copy(Inbox.Messages[0], Archive);
        Archive.SetFlags(copy, @"\Seen");
        Assert.Equal("", await Shown(ArchiveRef));
        // What changes of it meanwhile is not lost.
        Archive.SetFlags(copy, @"\Flagged");
        Assert.Equal("", await Shown(ArchiveRef));
        _owners.Pass(Window);
        await Tells("message.added one Archive");
        Assert.Equal("one[$flagged]", await Shown(ArchiveRef));
        Assert.NotEqual((await List(InboxRef)).Single().Id, (await List(ArchiveRef)).Single().Id);
        Inbox.Remove(Inbox.Messages[0]);
        await List(InboxRef);
        _owners.Pass(Window);
        await Tells("message.added one Archive", "message.removed one INBOX");
    }

    [Fact]
    public async Task A_copy_whose_original_is_deleted_within_the_window_was_a_move()
    {
        await Start(Plain, "one");
        var id = (await List(InboxRef)).Single().Id;
        Owners.Copy(Inbox.Messages[0], Archive);
        await List(ArchiveRef);
        Inbox.Remove(Inbox.Messages[0]);
        await List(InboxRef);
        await Tells("message.moved one INBOX>Archive");
        Assert.Equal(id, (await List(ArchiveRef)).Single().Id);
    }

    [Fact]
    public async Task A_copy_that_is_gone_before_the_window_has_passed_was_never_there()
    {
        await Start(Plain, "one");
        var copy = Owners.Copy(Inbox.Messages[0], Archive);
        await List(ArchiveRef);
        Archive.Remove(copy);
        await List(ArchiveRef);
        _owners.Pass(Window);
        Inbox.Add("two");
        await List(InboxRef);
        await Tells("message.added two INBOX");
    }

    [Fact]
    public async Task Away_and_back_is_two_moves_and_unseen_one_to_where_it_was()
    {
        await Start(Plain, "one");
        var id = (await List(InboxRef)).Single().Id;
        Owners.Move(Inbox, Inbox.Messages[0], Archive);
        await List(InboxRef);
        await List(ArchiveRef);
        Owners.Move(Archive, Archive.Messages[0], Inbox);
        await List(InboxRef);
        await List(ArchiveRef);
        await Tells("message.moved one INBOX>Archive", "message.moved one Archive>INBOX");
        Owners.Move(Inbox, Inbox.Messages[0], Archive);
        Owners.Move(Archive, Archive.Messages[0], Inbox);
        await List(InboxRef);
        await List(ArchiveRef);
        await Tells("message.moved one INBOX>Archive", "message.moved one Archive>INBOX", "message.moved one INBOX>INBOX");
        Assert.Equal(id, (await List(InboxRef)).Single().Id);
    }

    [Fact]
    public async Task Flags_are_told_once_whoever_changes_them()
    {
        await Start(ObjectIds, "one");
        var id = (await List(InboxRef)).Single().Id;
        Inbox.SetFlags(Inbox.Messages[0], @"\Seen", "work");
        await List(InboxRef);
        await _owners.Run(_account, new StoreFlags(id, [Flags.Flagged], [Flags.Seen], default));
        await List(InboxRef);
        await List(InboxRef);
        await Tells("message.flags_changed INBOX +[$seen,work] -[]", "message.flags_changed INBOX +[$flagged] -[$seen]");
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData("IMAP4rev1 AUTH=PLAIN")]
    public async Task A_move_by_the_gateway_is_told_once(string capabilities)
    {
        await Start(capabilities, "one", "two");
        var id = (await List(InboxRef)).Single(message => message.Subject == "one").Id;
        await _owners.Run(_account, new MoveMessage(id, ArchiveRef));
        var told = await _owners.Told(_account);
        Assert.Equal("message.moved one INBOX>Archive", told[0]);
        // Without UIDPLUS the original cannot be expunged: it is a message of its own.
        Assert.Equal(capabilities == Plain ? [] : ["message.added one INBOX"], told.Skip(1));
        await List(ArchiveRef);
        await List(InboxRef);
        _owners.Pass(Window);
        Inbox.Add("three");
        await List(InboxRef);
        await Tells([.. told, "message.added three INBOX"]);
        Assert.Equal(id, (await List(ArchiveRef)).Single().Id);
    }

    [Fact]
    public async Task An_expunge_by_the_gateway_is_told_at_once()
    {
        await Start(Plain, "one");
        await _owners.Run(_account, new DeleteMessage((await List(InboxRef)).Single().Id, Permanent: true));
        Assert.Equal(["message.removed one INBOX"], await _owners.Told(_account));
        await List(InboxRef);
        await Tells("message.removed one INBOX");
    }

    [Theory]
    [InlineData("flags")]
    [InlineData("expunge")]
    public async Task A_request_for_a_message_that_somebody_has_moved_reaches_it_where_it_is(string request)
    {
        await Start(Plain, "one");
        var id = (await List(InboxRef)).Single().Id;
        Owners.Move(Inbox, Inbox.Messages[0], Archive);
        var done = Request(request, id);
        await TestWait.For(() => _owners.Run(() => Task.FromResult(_account.Mailboxes.All.Any(mailbox => !mailbox.Leaving.IsEmpty))));
        Assert.False(done.IsCompleted);
        await List(ArchiveRef);
        await done;
        Assert.Equal(request == "flags" ? ["$flagged"] : [], (await List(ArchiveRef)).SelectMany(message => message.Flags));
        Assert.Equal(request == "flags" ? 1 : 0, Archive.Messages.Count);
    }

    [Theory]
    [InlineData("flags")]
    [InlineData("expunge")]
    [InlineData("move")]
    public async Task A_request_for_a_message_that_somebody_has_removed_is_told_so_when_that_is_certain(string request)
    {
        await Start(Plain, "one");
        var id = (await List(InboxRef)).Single().Id;
        Inbox.Remove(Inbox.Messages[0]);
        var done = Request(request, id);
        await TestWait.For(() => _owners.Run(() => Task.FromResult(_account.Mailboxes.All.Any(mailbox => !mailbox.Leaving.IsEmpty))));
        Assert.False(done.IsCompleted);
        _owners.Pass(Window);
        Assert.Equal(Code.Gone, (await Assert.ThrowsAsync<ProblemException>(() => done)).Code);
        await Tells("message.removed one INBOX");
    }

    private Task Request(string request, string id) => request switch
    {
        "flags" => _owners.Run(_account, new StoreFlags(id, [Flags.Flagged], [], default)),
        "move" => _owners.Run(_account, new MoveMessage(id, ArchiveRef)),
        _ => _owners.Run(_account, new DeleteMessage(id, Permanent: true)),
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_new_owner_goes_on_where_the_one_before_was_cut_off(bool sourceFirst)
    {
        await Start(Plain, "one", "two", "three");
        var ids = (await List(InboxRef)).ToDictionary(message => message.Subject!, message => message.Id);
        Owners.Move(Inbox, Inbox.Messages[0], Archive);
        var removed = Inbox.Messages[0];
        await List(sourceFirst ? InboxRef : ArchiveRef);
        _owners.Pass(Window / 2);
        _account = await _owners.Claim();
        // The window begins anew.
        _owners.Pass(Window * 0.75);
        Inbox.Remove(removed);
        await List(sourceFirst ? ArchiveRef : InboxRef);
        Assert.Equal(ids["one"], (await List(ArchiveRef)).Single().Id);
        await List(InboxRef);
        _owners.Pass(Window);
        await Tells("message.moved one INBOX>Archive", "message.removed two INBOX");
    }

    [Fact]
    public async Task Messages_of_a_mailbox_that_is_deleted_are_found_where_they_were_moved_to()
    {
        await Start(Plain, "one");
        var old = _owners.Server.AddMailbox("Old");
        old.Add("two");
        old.Add("three");
        await _owners.Run(async () => (await _account.Mailboxes.Tree.ListAsync(CancellationToken.None)).Count);
        var ids = (await List(MailboxRef.AtPath("Old"))).ToDictionary(message => message.Subject!, message => message.Id);
        Owners.Move(old, old.Messages[0], Archive);
        _owners.Server.Delete(old);
        await _owners.Run(async () => (await _account.Mailboxes.Tree.ListAsync(CancellationToken.None)).Count);
        Assert.Equal(Code.Unavailable, (await Assert.ThrowsAsync<ProblemException>(() => _owners.Run(_account, new GetMessage(ids["two"], ReadOptions.Basic)))).Code);
        Assert.Equal(ids["two"], (await List(ArchiveRef)).Single().Id);
        _owners.Pass(Window);
        await Tells(
            "mailbox.added ?", "message.added two ?", "message.added three ?", "mailbox.removed ?", "message.moved two ?>Archive", "message.removed three ?");
        Assert.Equal(Code.Gone, (await Assert.ThrowsAsync<ProblemException>(() => _owners.Run(_account, new GetMessage(ids["three"], ReadOptions.Basic)))).Code);
    }
}
