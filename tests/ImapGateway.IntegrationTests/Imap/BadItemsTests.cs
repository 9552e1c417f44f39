using System.Net;
using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>A value in an answer to FETCH that cannot be read costs nothing but itself.</summary>
public sealed class BadItemsTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private const string Date = "2026-01-02T03:04:05Z";

    private static readonly DateTimeOffset Received = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private async Task<ApiAccount> Add(ScriptedImapServer server, string watch = "none") => new(impatient.Api, (await impatient.Api.Post("/v1/accounts", new
    {
        email = "anna@example.com",
        watch,
        imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
    })).Is(HttpStatusCode.Created).Text("id"));

    /// <summary>Of three messages the second is told with the value.</summary>
    private static ScriptedImapServer Start(string item, string said, byte[]? octets = null)
    {
        var server = ScriptedImapServer.Start(new() { Capabilities = $"{ScriptedOptions.Modest} CONDSTORE OBJECTID" });
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("one")) { ReceivedAt = Received });
        server.Inbox.Add(uid => new(uid, octets ?? ScriptedMessage.Text("bad")) { ReceivedAt = Received, Said = new Dictionary<string, string> { [item] = said } });
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("three")) { ReceivedAt = Received });
        foreach (var message in server.Inbox.Messages)
        {
            server.Inbox.SetFlags(message, @"\Seen");
        }
        return server;
    }

    private static JsonElement? Problem(JsonElement message) => message.TryGetProperty("problem", out var problem) ? problem : null;

    private static string? ReceivedAt(JsonElement message) => message.GetProperty("receivedAt").GetString();

    private static async Task<JsonElement> BadOf(ApiAccount account)
    {
        var items = await account.Items(account.Messages("inbox"));
        Assert.Equal([3u, 2, 1], items.Select(message => message.Uid()));
        Assert.All(items.Where(message => message.Uid() != 2), message =>
        {
            Assert.Null(Problem(message));
            Assert.Equal(("2026-02-03T04:05:06Z", "Some text.", "$seen"), (ReceivedAt(message), message.GetProperty("preview").GetString(), message.Flags()));
            Assert.True(message.GetProperty("size").GetInt64() > 0);
        });
        return items[1];
    }

    public static TheoryData<string> Sizes =>
    [
        "-1", "-4294967297", "18446744073709551616", "99999999999999999999999999", "NIL", "\"300\"", "{3}\r\n300", "many", "()", "(300)", "3.5", "",
    ];

    [Theory, MemberData(nameof(Sizes))]
    public async Task A_size_that_cannot_be_read_is_null(string said)
    {
        await using var server = Start("RFC822.SIZE", said);
        var account = await Add(server);
        var bad = await BadOf(account);
        Assert.Equal(JsonValueKind.Null, bad.GetProperty("size").ValueKind);
        Assert.Equal(("bad", "2026-02-03T04:05:06Z", "Some text.", "$seen"), (bad.Subject(), ReceivedAt(bad), bad.GetProperty("preview").GetString(), bad.Flags()));
        Assert.Equal("account.protocol", Problem(bad)?.GetProperty("code").GetString());
        var id = bad.GetProperty("id").GetString()!;
        Assert.Equal(server.Inbox.Messages[1].Octets, (await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Octets);
        var range = (await impatient.Gateway.Http.Download(account.Message(id, "/raw"), ("Range", "bytes=-5"))).Is(HttpStatusCode.PartialContent);
        Assert.Equal(server.Inbox.Messages[1].Octets[^5..], range.Octets);
        await impatient.StillWorks();
    }

    [Theory]
    [InlineData("4294967295")]
    [InlineData("4294967296")]
    [InlineData("5000000000")]
    [InlineData("9223372036854775807")]
    public async Task A_size_of_four_gigabytes_and_more_is_exact(string said)
    {
        await using var server = Start("RFC822.SIZE", said);
        var bad = await BadOf(await Add(server));
        Assert.Equal(said, bad.GetProperty("size").GetRawText());
        Assert.Null(Problem(bad));
    }

    public static TheoryData<string> Dates =>
    [
        "\"99-Foo-2024 00:00:00 +0000\"", "\"31-Feb-2024 00:00:00 +0000\"", "\"01-Feb-2024 25:00:00 +0000\"", "\"01-Feb-2024 00:00:00 +9999\"", "\"01-Feb-0000 00:00:00 +0000\"",
        "\"01-Feb-99999 00:00:00 +0000\"", "NIL", "\"\"", "\"never\"", "0", "(\"02-Jan-2026 03:04:05 +0000\")", "()", "{3}\r\nnow", "\"open", "",
    ];

    [Theory, MemberData(nameof(Dates))]
    public async Task In_place_of_a_date_of_receipt_that_cannot_be_read_stands_the_date_of_the_header(string said)
    {
        await using var server = Start("INTERNALDATE", said);
        var bad = await BadOf(await Add(server));
        Assert.Equal(("bad", Date, "Some text.", "$seen"), (bad.Subject(), ReceivedAt(bad), bad.GetProperty("preview").GetString(), bad.Flags()));
        Assert.Equal(server.Inbox.Messages[1].Octets.Length, bad.GetProperty("size").GetInt32());
        Assert.Null(Problem(bad));
        await impatient.StillWorks();
    }

    [Fact]
    public async Task Without_any_date_the_message_has_a_problem()
    {
        await using var server = Start("INTERNALDATE", "NIL", Encoding.ASCII.GetBytes("Subject: bad\r\n\r\nSome text.\r\n"));
        var bad = await BadOf(await Add(server));
        Assert.Equal(("bad", "1970-01-01T00:00:00Z", "Some text."), (bad.Subject(), ReceivedAt(bad), bad.GetProperty("preview").GetString()));
        Assert.Contains("when it received", Problem(bad)?.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_date_of_receipt_in_another_form_is_read()
    {
        await using var server = Start("INTERNALDATE", "\"2024-02-01T10:00:00+01:00\"");
        Assert.Equal("2024-02-01T09:00:00Z", ReceivedAt(await BadOf(await Add(server))));
    }

    public static TheoryData<string, string, string> Flags => new()
    {
        { "FLAGS", "NIL", "" },
        { "FLAGS", "", "" },
        { "FLAGS", "\"\\\\Seen\"", "" },
        { "FLAGS", "(\\Seen (a) {1}\r\nb)", "$seen" },
        { "MODSEQ", "()", "$seen" },
        { "MODSEQ", "NIL", "$seen" },
        { "MODSEQ", "(18446744073709551615)", "$seen" },
        { "MODSEQ", "(99999999999999999999)", "$seen" },
        { "MODSEQ", "(a b)", "$seen" },
        { "MODSEQ", "5", "$seen" },
        { "EMAILID", "NIL", "$seen" },
        { "EMAILID", "(\"M1\")", "$seen" },
        { "THREADID", "()", "$seen" },
    };

    [Theory, MemberData(nameof(Flags))]
    public async Task Flags_and_numbers_that_cannot_be_read_cost_no_message(string item, string said, string flags)
    {
        await using var server = Start(item, said);
        var account = await Add(server);
        var bad = await BadOf(account);
        Assert.Equal(("bad", flags, "Some text."), (bad.Subject(), bad.Flags(), bad.GetProperty("preview").GetString()));
        server.Inbox.Add("four");
        Assert.Equal("four", (await account.Newest()).Subject());
        await impatient.StillWorks();
    }

    [Theory]
    [InlineData("NIL")]
    [InlineData("\"Subject: bad\"")]
    public async Task Header_fields_need_no_literal(string said)
    {
        const string Fields = "BODY.PEEK[HEADER.FIELDS (DATE SUBJECT FROM SENDER REPLY-TO TO CC BCC MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID LIST-UNSUBSCRIBE LIST-UNSUBSCRIBE-POST AUTO-SUBMITTED AUTHENTICATION-RESULTS)]";
        await using var server = Start(Fields, said);
        server.Rewrite = (_, octets) => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(octets).Replace($"{Fields} {said}", $"BODY[{Fields["BODY.PEEK[".Length..]} {said}", StringComparison.Ordinal));
        var bad = await BadOf(await Add(server));
        Assert.Equal(2u, bad.Uid());
        await impatient.StillWorks();
    }

    [Theory]
    [InlineData("* 2 FETCH (FLAGS NIL)")]
    [InlineData("* 2 FETCH (MODSEQ () FLAGS (\\Seen))")]
    [InlineData("* 2 FETCH (ENVELOPE NIL INTERNALDATE NIL RFC822.SIZE -5)")]
    [InlineData("* 2 FETCH (UID 0 FLAGS (\\Seen))")]
    public async Task News_that_cannot_be_read_do_not_cost_the_connection(string news)
    {
        await using var server = Start("RFC822.TEXT", "");
        var account = await Add(server);
        await account.Newest();
        var connections = server.Connections;
        foreach (var command in new[] { "NOOP", "EXAMINE", "UID SEARCH", "UID FETCH", "FETCH" })
        {
            server.On(command, (session, _, proceed) =>
            {
                session.Say(news);
                return proceed();
            });
        }
        server.Inbox.Add("four");
        Assert.Equal("four", (await account.Newest()).Subject());
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        (await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
        Assert.Equal(connections, server.Connections);
    }
}
