using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Servers that leave out what they should say, say what they should not, or say it in words of their own.</summary>
public sealed class LooseServersTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private async Task<ApiAnswer> TryAdd(int port, bool verify = true, string security = "none") => await impatient.Api.Post($"/v1/accounts?verify={(verify ? "true" : "false")}", new
    {
        email = "anna@example.com",
        watch = "none",
        imap = new { host = "127.0.0.1", port, security, username = "anna", password = "pass", allowInvalidCertificate = true },
    });

    private async Task<ApiAccount> Add(ScriptedImapServer server, bool verify = true) => new(impatient.Api, (await TryAdd(server.Port, verify)).Is(HttpStatusCode.Created).Text("id"));

    private static ScriptedImapServer Start(string extensions = "", Func<ScriptedOptions, ScriptedOptions>? more = null)
    {
        var options = new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} {extensions}".Trim() };
        return ScriptedImapServer.Start(more?.Invoke(options) ?? options);
    }

    /// <summary>Changes the lines that leave the server; null leaves one out.</summary>
    private static void Lines(ScriptedImapServer server, Func<string, string?> change) => server.Rewrite = (_, octets) =>
        Encoding.Latin1.GetBytes(string.Concat(Encoding.Latin1.GetString(octets).Split("\r\n").Select((line, i) => (i == 0 ? "" : "\r\n", change(line))).Where(pair => pair.Item2 is not null).Select((pair, i) => i == 0 ? pair.Item2 : pair.Item1 + pair.Item2)));

    private static async Task Flags(ApiAccount account, string flag = "$seen")
    {
        var message = (await account.Newest()).GetProperty("id").GetString()!;
        (await account.Api.Patch(account.Message(message), new { flags = new { add = new[] { flag } } })).Is(HttpStatusCode.OK);
        Assert.Contains(flag, (await account.Newest()).GetProperty("flags").EnumerateArray().Select(one => one.GetString()));
    }

    [Fact]
    public async Task Select_may_leave_out_whether_the_mailbox_can_be_written_to()
    {
        await using var server = Start();
        server.Inbox.Add("one");
        Lines(server, line => line.Replace("[READ-WRITE] ", "", StringComparison.Ordinal).Replace("[READ-ONLY] ", "", StringComparison.Ordinal));
        var account = await Add(server);
        await Flags(account);
        Assert.Contains(@"\Seen", server.Inbox.Messages[0].Flags);
    }

    [Fact]
    public async Task A_mailbox_that_is_opened_for_reading_only_is_denied_and_nothing_is_tried()
    {
        await using var server = Start();
        server.Inbox.Add("one");
        Lines(server, line => line.Replace("[READ-WRITE]", "[READ-ONLY]", StringComparison.Ordinal));
        var account = await Add(server);
        var message = (await account.Newest()).GetProperty("id").GetString()!;
        server.AddMailbox("Trash");
        (await account.Api.Patch(account.Message(message), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.Forbidden).IsProblem("account.denied");
        (await account.Api.Delete(account.Message(message))).Is(HttpStatusCode.Forbidden).IsProblem("account.denied");
        (await account.Api.Delete(account.Message(message, "?permanent=true"))).Is(HttpStatusCode.Forbidden).IsProblem("account.denied");
        Assert.Equal(0, server.CountOf("UID STORE") + server.CountOf("UID MOVE") + server.CountOf("UID COPY") + server.CountOf("UID EXPUNGE"));
    }

    [Fact]
    public async Task Without_permanentflags_all_flags_can_be_changed()
    {
        await using var server = Start();
        server.Inbox.Add("one");
        Lines(server, line => line.StartsWith("* OK [PERMANENTFLAGS", StringComparison.Ordinal) ? null : line);
        var account = await Add(server);
        await Flags(account);
        await Flags(account, "Project");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_uidvalidity_ids_stay_the_same(bool inStatus)
    {
        await using var server = Start("LIST-EXTENDED LIST-STATUS");
        server.Inbox.UidValidity = 77;
        server.Inbox.Add("one");
        Lines(server, line => line.StartsWith("* OK [UIDVALIDITY", StringComparison.Ordinal) ? null : inStatus ? line : line.Replace(" UIDVALIDITY 77", "", StringComparison.Ordinal));
        var account = await Add(server);
        var message = (await account.Newest()).GetProperty("id").GetString()!;
        for (var look = 0; look < 3; look++)
        {
            await account.Items(account.Mailboxes);
            Assert.Equal(message, (await account.Newest()).GetProperty("id").GetString());
        }
        await Flags(account);
        server.Inbox.Add("two");
        Assert.Equal(["two", "one"], (await account.Items(account.Messages("inbox"))).Select(one => one.GetProperty("subject").GetString()));
        Assert.Equal("one", (await account.Api.Get(account.Message(message))).Text("subject"));
        Assert.DoesNotContain(await account.Items($"{account.Path}/changes?limit=100&after=0"), change => change.GetProperty("type").GetString() == "mailbox.reset");
    }

    [Theory]
    [InlineData("&BBAEMQQyACYEMwQ0BDU-", "Абв&где")]
    [InlineData("T&AOQ-&APY-st", "Täöst")]
    [InlineData("&AEEAcgBjAGgAaQB2-", "Archiv")]
    [InlineData("R&D", "R&D")]
    [InlineData("R&D-Team", "R&D-Team")]
    [InlineData("A&&B-", "A&&B-")]
    [InlineData("T&AOQ", "T&AOQ")]
    public async Task A_mailbox_is_opened_by_the_name_that_list_gave(string name, string path)
    {
        await using var server = Start();
        server.AddMailbox(name).Add("one");
        server.AddMailbox("Other").Add("two");
        var account = await Add(server);
        var mailbox = (await account.Items(account.Mailboxes)).Single(one => one.GetProperty("path").GetString() == path);
        Assert.Equal(1, mailbox.GetProperty("total").GetInt32());
        var id = mailbox.GetProperty("id").GetString()!;
        var message = await account.Newest(id);
        Assert.Equal("one", message.GetProperty("subject").GetString());
        (await account.Api.Patch(account.Message(message.GetProperty("id").GetString()!), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.OK);
        var two = (await account.Newest((await account.Items(account.Mailboxes)).Single(one => one.GetProperty("path").GetString() == "Other").GetProperty("id").GetString()!)).GetProperty("id").GetString()!;
        (await account.Api.Patch(account.Message(two), new { mailboxId = id })).Is(HttpStatusCode.OK);
        Assert.Equal(2, server[name].Messages.Count);
        (await account.Api.Patch(account.Mailbox(id), new { subscribed = false })).Is(HttpStatusCode.OK);
        Assert.False(server[name].Subscribed);
        (await account.Api.Patch(account.Mailbox(id), new { path = "Renamed" })).Is(HttpStatusCode.OK);
        Assert.Equal(2, server["Renamed"].Messages.Count);
    }

    [Fact]
    public async Task Mailboxes_whose_names_begin_alike_before_an_ampersand_are_not_one()
    {
        await using var server = Start();
        string[] names = ["R", "R&D", "R&D/Plans", "R&E"];
        foreach (var name in names)
        {
            server.AddMailbox(name).Add(name);
        }
        var account = await Add(server);
        foreach (var mailbox in (await account.Items(account.Mailboxes)).Where(one => one.GetProperty("path").GetString() != "INBOX"))
        {
            Assert.Equal(mailbox.GetProperty("path").GetString(), (await account.Newest(mailbox.GetProperty("id").GetString()!)).GetProperty("subject").GetString());
        }
        Assert.Equal(["INBOX", .. names], (await account.Items(account.Mailboxes)).Select(one => one.GetProperty("path").GetString()).Order(StringComparer.Ordinal));
    }

    /// <summary>Lines that MailKit cannot parse, and the path of the mailbox, where the line tells it.</summary>
    public static readonly TheoryData<string, string?> BrokenRows = new()
    {
        { "(\\HasNoChildren) \"/\"", null },
        { "(\\HasNoChildren) \"/\" \"Torn", null },
        { "(\\HasNoChildren", null },
        { "", null },
        { "NIL \"/\" \"Plain\"", "Plain" },
        { "\\HasNoChildren \"/\" \"Plain\"", "Plain" },
        { "(\"\\\\HasNoChildren\" 5 NIL) \"/\" \"Plain\"", "Plain" },
        { "(\\HasNoChildren (\\Marked)) \"/\" \"Plain\"", null },
        { "(\\HasNoChildren) / Plain", "Plain" },
        { "(\\HasNoChildren) \"\" Plain", "Plain" },
        { "(\\HasNoChildren) \"//\" Plain", "Plain" },
        { "(\\HasNoChildren) \"/\" Two words", "Two words" },
        { "(\\HasNoChildren) \"/\" Plain (CHILDINFO NIL)", "Plain (CHILDINFO NIL)" },
        { "(\\HasNoChildren) \"/\" \"Plain\" (CHILDINFO NIL)", "Plain" },
        { "(\\HasNoChildren) \"/\" \"Plain\" and more", "Plain" },
        { "(\\HasNoChildren) \"/\" {3}\r\nPlain", "Pla" },
    };

    [Theory]
    [MemberData(nameof(BrokenRows))]
    public async Task A_broken_line_of_a_listing_costs_only_itself(string row, string? path)
    {
        foreach (var extensions in new[] { "", "LIST-EXTENDED LIST-STATUS", "SPECIAL-USE" })
        {
            await using var server = Start(extensions);
            server.Inbox.Add("one");
            server.AddMailbox("Other").Add("two");
            Lines(server, line => new[] { "LIST", "LSUB" }.FirstOrDefault(word => line.StartsWith($"* {word} ", StringComparison.Ordinal) && line.EndsWith("\"INBOX\"", StringComparison.Ordinal)) is { } word
                ? $"* {word} {row}\r\n{line}"
                : line.StartsWith("* STATUS \"INBOX\"", StringComparison.Ordinal) ? $"* STATUS {row}\r\n{line}" : line);
            var account = await Add(server);
            var mailboxes = await account.Items(account.Mailboxes);
            Assert.Equal(path is null ? ["INBOX", "Other"] : ["INBOX", "Other", path], mailboxes.Select(one => one.GetProperty("path").GetString()!).Order(StringComparer.Ordinal));
            Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
            var other = mailboxes.Single(one => one.GetProperty("path").GetString() == "Other");
            Assert.Equal((1, "two"), (other.GetProperty("total").GetInt32(), (await account.Newest(other.GetProperty("id").GetString()!)).GetProperty("subject").GetString()));
            var quirks = (await account.Api.Get(account.Path)).Json.GetProperty("quirks").EnumerateArray().Select(quirk => quirk.GetProperty("name").GetString());
            Assert.Equal(path is null, quirks.Contains("LIST"));
        }
    }

    [Fact]
    public async Task A_keyword_with_a_control_character_is_left_out()
    {
        await using var server = Start();
        server.Inbox.Add("one", "Work");
        server.Inbox.PermanentFlags = "\\Seen a\u0001b Work \\*";
        Lines(server, line => line.StartsWith("* FLAGS (", StringComparison.Ordinal) ? "* FLAGS (\\Seen a\u0001b \u0007 Work)" : line.Replace("FLAGS (Work", "FLAGS (a\u0001b Work", StringComparison.Ordinal));
        var account = await Add(server);
        Assert.Equal(["Work"], (await account.Newest()).GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()));
        await Flags(account);
    }

    [Theory]
    [InlineData("* NO we are closed", "we are closed", "greeting")]
    [InlineData("* BAD not from there", "not from there", "greeting")]
    [InlineData("+OK POP3 ready", "POP3 ready", "POP3")]
    public async Task A_greeting_that_is_no_ok_is_told(string greeting, string words, string detail)
    {
        await using var server = Start(more: options => options with { Greeting = greeting });
        foreach (var security in new[] { "none", "starttls" })
        {
            var refused = (await TryAdd(server.Port, security: security)).IsProblem("account.protocol");
            Assert.Equal(words, refused.Text("upstream", "text"));
            Assert.Contains(detail, refused.Text("detail"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("NO Wrong user name or password, please try again", "account.auth_failed")]
    [InlineData("NO Invalid credentials", "account.auth_failed")]
    [InlineData("NO Too many login failures, try again later", "account.throttled")]
    [InlineData("NO Too many failed login attempts", "account.throttled")]
    [InlineData("NO [LIMIT] Rate limit", "account.throttled")]
    [InlineData("NO System error", "account.unavailable")]
    [InlineData("BAD", "account.protocol")]
    [InlineData("BAD what is this", "account.protocol")]
    public async Task The_words_of_a_refused_login_are_understood(string answer, string code)
    {
        await using var server = Start(more: options => options with { LoginAnswer = answer });
        (await TryAdd(server.Port)).IsProblem(code);
    }

    [Fact]
    public async Task A_password_is_not_tried_again_after_a_refusal_that_speaks_of_it()
    {
        await using var server = Start(more: options => options with { LoginAnswer = "NO Wrong user name or password, please try again" });
        var account = await Add(server, verify: false);
        for (var times = 0; times < 3; times++)
        {
            (await account.Api.Get(account.Mailboxes)).IsProblem("account.auth_failed");
        }
        Assert.Equal(1, server.CountOf("AUTHENTICATE"));
    }

    /// <summary>MailKit reads such names only from a server that it takes for Exchange, which it knows by its greeting.</summary>
    [Fact]
    public async Task Names_without_quotation_marks_are_read()
    {
        await using var server = Start(more: options => options with { Greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] The Microsoft Exchange IMAP4 service is ready." });
        server.AddMailbox("INBOX/Da\tOggetto\tRicevuto").Add("one");
        Lines(server, line => line.StartsWith("* L", StringComparison.Ordinal) ? line.Replace("\"INBOX/Da\tOggetto\tRicevuto\"", "INBOX/Da\tOggetto\tRicevuto", StringComparison.Ordinal) : line);
        var account = await Add(server);
        Assert.Contains("INBOX/Da\tOggetto\tRicevuto", (await account.Items(account.Mailboxes)).Select(mailbox => mailbox.GetProperty("path").GetString()));
    }

    /// <summary>Courier: until a mailbox has a message, its UIDVALIDITY depends on the time, and COPYUID has another one than the last SELECT.</summary>
    [Theory]
    [InlineData("MOVE", "UID MOVE")]
    [InlineData("", "UID COPY")]
    public async Task A_message_that_is_moved_into_an_empty_mailbox_whose_uidvalidity_changes_is_only_there(string extension, string command)
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = $"IMAP4rev1 LITERAL+ AUTH=PLAIN IDLE UIDPLUS {extension}".TrimEnd() });
        server.Inbox.Add("one");
        server.Inbox.Add("two");
        var trash = server.AddMailbox("Trash");
        server.On(command, (_, _, proceed) =>
        {
            trash.UidValidity += trash.Messages.Count == 0 ? 1u : 0;
            return proceed();
        });
        var account = await Add(server);
        var listed = await account.Items(account.Messages("inbox"));
        var (two, one) = (listed[0].GetProperty("id").GetString()!, listed[1].GetProperty("id").GetString()!);
        var moved = (await account.Api.Patch(account.Message(one), new { mailboxId = "trash" })).Is(HttpStatusCode.OK);
        Assert.Equal((one, "one"), (moved.Text("id"), moved.Text("subject")));
        Assert.Equal([two], (await account.Items(account.Messages("inbox"))).Select(message => message.GetProperty("id").GetString()));
        Assert.Equal([one], (await account.Items(account.Messages("trash"))).Select(message => message.GetProperty("id").GetString()));
        (await account.Api.Delete(account.Message(two))).Is(HttpStatusCode.NoContent);
        Assert.Empty(await account.Items(account.Messages("inbox")));
        var told = await account.Items($"{account.Path}/changes?after=0&types=message.*");
        Assert.Equal([("message.moved", one), ("message.moved", two)], told.Select(change => (change.GetProperty("type").GetString(), change.GetProperty("data").GetProperty("message").GetProperty("id").GetString())));
    }
}
