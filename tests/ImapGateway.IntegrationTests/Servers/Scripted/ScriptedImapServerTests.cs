using MailKit;
using MailKit.Search;
using MimeKit;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>A session of stock MailKit, which is no part of the gateway, judges the server.</summary>
public class ScriptedImapServerTests
{
    private const MessageSummaryItems Summary = MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.InternalDate
        | MessageSummaryItems.Size | MessageSummaryItems.Envelope | MessageSummaryItems.BodyStructure;

    [Fact]
    public async Task Messages_are_listed_and_read()
    {
        await using var server = ScriptedImapServer.Start();
        var mail = new MimeMessage { Subject = "Käse \"und\" Brot", From = { new MailboxAddress("Zoë", "zoe@example.org") }, To = { new MailboxAddress("", "ben@example.com") } };
        var body = new BodyBuilder { TextBody = "Guten Tag\r\n", HtmlBody = "<p>Guten Tag</p>" };
        body.Attachments.Add("räksmörgås.bin", new byte[] { 1, 2, 3, 0, 255 });
        mail.Body = body.ToMessageBody();
        var octets = ScriptedMessage.From(mail);
        server.Inbox.Add(uid => new ScriptedMessage(uid, octets), @"\Flagged", "$Forwarded");
        using var client = await StockClient.OpenInbox(server);
        var summary = Assert.Single(await client.Inbox.FetchAsync(0, -1, Summary));
        Assert.Equal((mail.Subject, "Zoë", "ben@example.com"), (summary.Envelope!.Subject, summary.Envelope.From[0].Name, summary.Envelope.To.Mailboxes.Single().Address));
        Assert.Equal((MessageFlags.Flagged, 1u, (uint)octets.Length), (summary.Flags, summary.UniqueId.Id, summary.Size));
        Assert.Contains("$Forwarded", summary.Keywords);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), summary.InternalDate);
        var attachment = Assert.Single(summary.Attachments);
        Assert.Equal("räksmörgås.bin", attachment.FileName);
        var part = (MimePart)await client.Inbox.GetBodyPartAsync(summary.UniqueId, attachment);
        using var decoded = new MemoryStream();
        await part.Content!.DecodeToAsync(decoded);
        Assert.Equal([1, 2, 3, 0, 255], decoded.ToArray());
        Assert.Equal("Guten Tag", ((TextPart)await client.Inbox.GetBodyPartAsync(summary.UniqueId, summary.TextBody!)).Text.Trim());
        Assert.Equal(mail.Subject, (await client.Inbox.GetMessageAsync(summary.UniqueId)).Subject);
        Assert.Equal(mail.Subject, (await client.Inbox.GetHeadersAsync(summary.UniqueId))[HeaderId.Subject]);
        var fields = Assert.Single(await client.Inbox.FetchAsync(0, -1, new FetchRequest(MessageSummaryItems.UniqueId, [HeaderId.Subject])));
        Assert.Equal([HeaderId.Subject], fields.Headers!.Select(header => header.Id));
    }

    [Fact]
    public async Task A_message_in_a_message_has_its_own_structure()
    {
        await using var server = ScriptedImapServer.Start();
        var inner = MimeMessage.Load(new MemoryStream(ScriptedMessage.Text("inner")));
        var outer = new MimeMessage { Subject = "outer", Body = new Multipart("mixed") { new TextPart { Text = "see below" }, new MessagePart { Message = inner } } };
        server.Inbox.Add(uid => new ScriptedMessage(uid, ScriptedMessage.From(outer)));
        using var client = await StockClient.OpenInbox(server);
        var structure = (BodyPartMultipart)Assert.Single(await client.Inbox.FetchAsync(0, -1, Summary)).Body!;
        var forwarded = Assert.IsType<BodyPartMessage>(structure.BodyParts[1]);
        Assert.Equal("inner", forwarded.Envelope!.Subject);
        foreach (var (section, start) in new[] { ("2.1", "Some text."), ("2.TEXT", "Some text."), ("2.HEADER", "From: Anna"), ("2.MIME", "Content-Type: message/rfc822"), ("1", "see below") })
        {
            using var reader = new StreamReader(await client.Inbox.GetStreamAsync(new UniqueId(1), section));
            Assert.StartsWith(start, await reader.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Flags_are_stored_and_messages_are_appended_copied_moved_and_expunged()
    {
        await using var server = ScriptedImapServer.Start();
        var archive = server.AddMailbox("Archive");
        for (var i = 0; i < 4; i++)
        {
            server.Inbox.Add($"number {i}");
        }

        using var client = await StockClient.OpenInbox(server);
        var target = await client.GetFolderAsync("Archive");
        var appended = await client.Inbox.AppendAsync(MimeMessage.Load(new MemoryStream(ScriptedMessage.Text("number 4"))), MessageFlags.Draft);
        await client.Inbox.AddFlagsAsync(new UniqueId(1), MessageFlags.Seen, silent: true);
        var copy = await client.Inbox.CopyToAsync(new UniqueId(1), target);
        var moved = await client.Inbox.MoveToAsync(new UniqueId(2), target);
        await client.Inbox.AddFlagsAsync([new UniqueId(3), new UniqueId(4)], MessageFlags.Deleted, silent: true);
        await client.Inbox.ExpungeAsync([new UniqueId(3)]);
        Assert.Equal((5u, 1u, 2u), (appended!.Value.Id, copy!.Value.Id, moved!.Value.Id));
        Assert.Equal([1u, 4u, 5u], server.Inbox.Messages.Select(message => message.Uid));
        Assert.Equal([[@"\Seen"], [], [@"\Draft"]], [server.Inbox.Messages[0].Flags, archive.Messages[1].Flags, server.Inbox.Messages[2].Flags]);
        Assert.Equal([@"\Seen"], archive.Messages[0].Flags);
        Assert.Equal(3, client.Inbox.Count);
    }

    [Fact]
    public async Task Mailboxes_are_created_renamed_counted_and_deleted()
    {
        await using var server = ScriptedImapServer.Start();
        server.AddMailbox("Parent", null, @"\Noselect");
        server.Inbox.Add("one", @"\Seen");
        server.Inbox.Add("two");
        using var client = await StockClient.Connect(server);
        var root = client.GetFolder(client.PersonalNamespaces[0]);
        var child = await (await root.GetSubfolderAsync("Parent")).CreateAsync("Größe", true);
        await child!.RenameAsync(root, "Maß");
        await child.UnsubscribeAsync();
        Assert.Equal(["INBOX", "Maß", "Parent"], (await client.GetFoldersAsync(client.PersonalNamespaces[0])).Select(folder => folder.FullName).Order());
        await child.DeleteAsync();
        await client.Inbox.StatusAsync(StatusItems.Count | StatusItems.Unread | StatusItems.UidNext | StatusItems.UidValidity);
        Assert.Equal((2, 1, 3u), (client.Inbox.Count, client.Inbox.Unread, client.Inbox.UidNext!.Value.Id));
        Assert.Null(server.Mailboxes.Find(mailbox => mailbox.Name.StartsWith('M')));
    }

    [Theory]
    [InlineData(ScriptedOptions.Modest)]
    [InlineData(ScriptedOptions.Modest + " ESEARCH CONDSTORE")]
    public async Task Search_finds_by_flag_text_date_and_uid(string capabilities)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = capabilities });
        server.Inbox.Add("apples", @"\Seen");
        server.Inbox.Add("pears");
        server.Inbox.Add("more pears", "$Work");
        using var client = await StockClient.OpenInbox(server);
        async Task<IEnumerable<uint>> Found(SearchQuery query) => (await client.Inbox.SearchAsync(query)).Select(uid => uid.Id);
        Assert.Equal([2u, 3u], await Found(SearchQuery.NotSeen));
        Assert.Equal([2u, 3u], await Found(SearchQuery.SubjectContains("pears")));
        Assert.Equal([3u], await Found(SearchQuery.HasKeyword("$Work").And(SearchQuery.FromContains("anna"))));
        Assert.Equal([1u, 3u], await Found(SearchQuery.Or(SearchQuery.Seen, SearchQuery.Uids([new UniqueId(3)]))));
        Assert.Equal([1u, 2u, 3u], await Found(SearchQuery.DeliveredOn(new DateTime(2026, 1, 2))));
        Assert.Empty(await Found(SearchQuery.Not(SearchQuery.All)));
    }

    [Fact]
    public async Task What_others_do_is_pushed_while_idle()
    {
        await using var server = ScriptedImapServer.Start();
        var first = server.Inbox.Add("one");
        using var client = await StockClient.OpenInbox(server);
        var events = new Journal<string>();
        client.Inbox.CountChanged += (_, _) => events.Add("count");
        client.Inbox.MessageFlagsChanged += (_, e) => events.Add($"flags {e.Index} {e.Flags}");
        client.Inbox.MessageExpunged += (_, e) => events.Add($"expunged {e.Index}");
        using var done = new CancellationTokenSource();
        var idle = client.IdleAsync(done.Token);
        await server.Commands.First(command => command.Name == "IDLE");
        server.Inbox.Add("two");
        await events.First(e => e == "count");
        server.Inbox.SetFlags(first, @"\Seen");
        await events.First(e => e == "flags 0 Seen");
        server.Inbox.Remove(first);
        await events.First(e => e == "expunged 0");
        await done.CancelAsync();
        await idle;
        await client.NoOpAsync();
    }

    [Fact]
    public async Task Xlist_tells_roles()
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = ScriptedOptions.Modest + " XLIST" });
        server.AddMailbox("Gesendet", @"\Sent");
        using var client = await StockClient.Connect(server);
        Assert.Equal("Gesendet", client.GetFolder(SpecialFolder.Sent)?.FullName);
        Assert.True(server.CountOf("XLIST") > 0);
    }

    [Fact]
    public async Task Objectid_gives_ids_that_a_copy_shares()
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = ScriptedOptions.Modest + " OBJECTID" });
        var archive = server.AddMailbox("Archive");
        var message = server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("one")) { ThreadId = "T1" });
        using var client = await StockClient.OpenInbox(server);
        await client.Inbox.CopyToAsync(0, await client.GetFolderAsync("Archive"));
        var summary = Assert.Single(await client.Inbox.FetchAsync(0, -1, MessageSummaryItems.EmailId | MessageSummaryItems.ThreadId));
        Assert.Equal((message.EmailId, "T1", server.Inbox.MailboxId), (summary.EmailId, summary.ThreadId, client.Inbox.Id));
        Assert.Equal(message.EmailId, archive.Messages[0].EmailId);
    }

    [Fact]
    public async Task Gmail_gives_message_ids_and_labels()
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = ScriptedOptions.Modest + " X-GM-EXT-1" });
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("one")) { GmailMessageId = 1234567890123456789, GmailLabels = [@"\Important", "work"] });
        using var client = await StockClient.OpenInbox(server);
        var summary = Assert.Single(await client.Inbox.FetchAsync(0, -1, MessageSummaryItems.GMailMessageId | MessageSummaryItems.GMailLabels));
        Assert.Equal(1234567890123456789u, summary.GMailMessageId);
        Assert.Equal([@"\Important", "work"], summary.GMailLabels!.Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_modification_sequence_can_be_meaningless(long modSeq)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = ScriptedOptions.Modest + " CONDSTORE", OnlyModSeq = modSeq });
        server.Inbox.Add("one");
        await using var raw = await RawImap.Connect(ScriptedImapServer.Host, server.Port);
        await raw.Login("anna", "pass");
        Assert.Contains($"* OK [HIGHESTMODSEQ {modSeq}] highest", await raw.Command("SELECT INBOX"));
        Assert.Contains($"* 1 FETCH (UID 1 MODSEQ ({modSeq}))", await raw.Command("UID FETCH 1 (MODSEQ)"));
    }

    [Fact]
    public async Task Condstore_tells_what_changed_and_keeps_what_did()
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = ScriptedOptions.Modest + " CONDSTORE" });
        server.Inbox.Add("one");
        server.Inbox.Add("two");
        using var client = await StockClient.OpenInbox(server);
        var before = client.Inbox.HighestModSeq;
        server.Inbox.SetFlags(server.Inbox.Messages[1], @"\Seen");
        var changed = await client.Inbox.FetchAsync(UniqueIdRange.All, before, MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.ModSeq);
        Assert.Equal((2u, MessageFlags.Seen), (Assert.Single(changed).UniqueId.Id, changed[0].Flags));
        var refused = await client.Inbox.StoreAsync([new UniqueId(2)], new StoreFlagsRequest(StoreAction.Add, MessageFlags.Flagged) { UnchangedSince = before });
        Assert.Equal([2u], refused.Select(uid => uid.Id));
    }
}
