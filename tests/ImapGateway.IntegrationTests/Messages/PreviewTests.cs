using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Changes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>The beginning of the text, with PREVIEW (RFC 8970; tier A's Dovecot has it) and without.</summary>
public sealed class PreviewTests
{
    private const string Nested = """
        Subject: nested
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=m

        --m
        Content-Type: multipart/alternative; boundary=a

        --a
        Content-Type: text/plain; charset=iso-8859-1
        Content-Transfer-Encoding: quoted-printable

        Liebe Gr=FC=DFe
        --a
        Content-Type: text/html; charset=iso-8859-1
        Content-Transfer-Encoding: quoted-printable

        <p>Liebe <b>Gr=FC=DFe</b>
        --a--
        --m
        Content-Type: application/pdf; name=offer.pdf
        Content-Transfer-Encoding: base64

        aGVsbG8=
        --m--
        """;

    private const string HtmlOnly = """
        Subject: html
        MIME-Version: 1.0
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: base64

        PGh0bWw+PGhlYWQ+PHN0eWxlPnB7Y29sb3I6cmVkfTwvc3R5bGU+PC9oZWFkPjxib2R5PjxwPlJlYWQgPGI+dGhpczwvYj4gZmlyc3Q8L3A+PC9ib2R5PjwvaHRtbD4=
        """;

    private const string Encrypted = """
        Subject: secret
        MIME-Version: 1.0
        Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=e

        --e
        Content-Type: application/pgp-encrypted

        Version: 1
        --e
        Content-Type: application/octet-stream

        -----BEGIN PGP MESSAGE-----
        --e--
        """;

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.C)]
    public async Task It_stands_in_lists_in_messages_and_in_the_event_of_an_arrival(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Text("state") == "connected");
        (string Message, string Preview)[] messages =
        [
            ("Subject: plain\n\n  Hello\n\n   Ann,  \nhere is our offer.\n", "Hello Ann, here is our offer."),
            (Nested, "Liebe Grüße"),
            (HtmlOnly, "Read this first"),
            (Encrypted, ""),
            ("Subject: empty\n\n", ""),
            ($"Subject: long\n\n{new string('x', 5000)}\n", new string('x', 200)),
        ];
        foreach (var (message, _) in messages)
        {
            await world.DeliverRaw(message);
        }
        var changes = new List<JsonElement>();
        await TestWait.For(async () => (changes = [.. (await account.Items($"{account.Path}/changes?after=0&types=message.added")).Select(change => change.GetProperty("data").GetProperty("message"))]).Count == messages.Length);

        var items = (await account.Items(account.Messages("inbox"))).Reverse().ToList();
        Assert.Equal(messages.Select(one => one.Preview), items.Select(item => item.GetProperty("preview").GetString()));
        Assert.Equal(messages.Select(one => one.Preview), changes.Select(item => item.GetProperty("preview").GetString()));
        var id = items[1].GetProperty("id").GetString()!;
        Assert.Equal("Liebe Grüße", (await world.Api.Get(account.Message(id))).Text("preview"));
        Assert.DoesNotContain("$seen", items.SelectMany(item => item.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString())));
    }

    [Fact]
    public async Task A_server_without_preview_is_asked_once_more_for_a_whole_page_and_never_for_one_that_is_known()
    {
        await using var world = await TierServers.World(Tier.C);
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        string[] kinds = ["Subject: plain\n\nThe plain text.\n", Nested, HtmlOnly, Encrypted];
        for (var at = 0; at < 40; at++)
        {
            // With a Message-ID the fingerprint, which is filled meanwhile, needs no headers of its own.
            await world.DeliverRaw($"Message-ID: <{at}@example.com>\n{kinds[at % kinds.Length]}");
        }
        var account = await world.AddAccount(tap.Port);
        await account.Items(account.Messages("archive"));
        tap.Lines.Clear();

        var items = await account.Items(account.Messages("inbox"));

        Assert.Equal(30, items.Count(item => item.GetProperty("preview").GetString()!.Length > 5));
        Assert.Single(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal));
        Assert.Single(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("BODY.PEEK[1]<0.", StringComparison.Ordinal));
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        tap.Lines.Clear();
        await account.Items(account.Messages("inbox"));
        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && (line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal) || line.Text.Contains("BODY.PEEK", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_server_with_preview_gives_it_with_the_headers()
    {
        await using var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.DeliverRaw(Nested);
        var account = await world.AddAccount(tap.Port);

        Assert.Equal("Liebe Grüße", (await account.Newest()).GetProperty("preview").GetString());

        Assert.Single(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("PREVIEW", StringComparison.Ordinal));
        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("BODY.PEEK[1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.C)]
    public async Task What_is_only_indexed_is_not_looked_into(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        // One has no Message-ID: its fingerprint needs the headers.
        await world.DeliverRaw("Subject: plain\nMessage-ID: <a@example.org>\n\nThe plain text.\n");
        await world.DeliverRaw("Subject: plain\n\nThe plain text.\n");
        var account = await world.AddAccount(tap.Port, watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Text("state") == "connected");
        await TestWait.For(() => tap.Lines.Entries.Any(line => line.FromClient && line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal)));

        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && (line.Text.Contains("PREVIEW", StringComparison.Ordinal) || line.Text.Contains("BODY.PEEK[1", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Content-Type: text/plain; charset=no-such\nContent-Transfer-Encoding: no-such\n\n\u00ff\u00fe\u0001 text\n")]
    [InlineData("Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n!!!!%%%%\n")]
    [InlineData("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\nno parts at all\n")]
    [InlineData("MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n")]
    [InlineData("Content-Type: text/html\n\n<style>p{<<<<\n")]
    public async Task What_cannot_be_read_has_some_preview_and_fails_nothing(string message)
    {
        foreach (var tier in new[] { Tier.A, Tier.C })
        {
            await using var world = await TierServers.World(tier);
            await world.DeliverRaw("Subject: broken\n" + message);
            await world.DeliverRaw("Subject: whole\n\nThe text.\n");
            var account = await world.AddAccount();
            var items = await account.Items(account.Messages("inbox"));
            Assert.Equal(["whole", "broken"], items.Select(item => item.GetProperty("subject").GetString()));
            Assert.Equal("The text.", items[0].GetProperty("preview").GetString());
            Assert.Equal(JsonValueKind.String, items[1].GetProperty("preview").ValueKind);
        }
    }

    [Fact]
    public async Task A_key_without_mail_read_never_sees_it()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Text("state") == "connected");
        await world.DeliverRaw("Subject: a secret\n\nThe word is swordfish.\n");
        await TestWait.For(async () => (await account.Items($"{account.Path}/changes?after=0&types=message.added")).Count == 1);
        var id = (await account.Newest()).GetProperty("id").GetString()!;

        async Task<bool[]> Shown(params string[] scopes)
        {
            var key = (await world.Api.Post("/v1/keys", new { name = "k", scopes, accounts = new[] { account.Id } })).Text("key");
            var api = new ApiClient(world.Gateway.ClientWithKey(key));
            var answers = new List<string>();
            foreach (var path in new[] { account.Messages("inbox"), account.Messages("inbox", "?fields=subject,preview"), account.Message(id), $"{account.Path}/messages?ids={id}", $"{account.Path}/changes?after=0" })
            {
                answers.Add((await api.Get(path)).Is(HttpStatusCode.OK).Text);
            }
            answers.Add((await api.Patch(account.Message(id), new { flags = new { add = new[] { "$flagged" } } })).Is(HttpStatusCode.OK).Text);
            using var http = world.Gateway.ClientWithKey(key);
            await using var events = await EventReader.Open(http, $"{account.Path}/events?after=0");
            string? added;
            do
            {
                added = (await events.Next())?.Data;
            }
            while (added?.Contains("message.added", StringComparison.Ordinal) != true);
            answers.Add(added);
            Assert.All(answers, answer => Assert.Contains("a secret", answer, StringComparison.Ordinal));
            return [.. answers.Select(answer => answer.Contains("swordfish", StringComparison.Ordinal))];
        }

        Assert.DoesNotContain(false, await Shown("mail.read", "mail.write"));
        Assert.DoesNotContain(true, await Shown("mail.readBasic", "mail.write"));
    }
}
