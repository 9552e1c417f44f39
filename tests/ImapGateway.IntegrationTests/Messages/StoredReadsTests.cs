using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>With Cache:DiskBytes: what was read once can be read again, whatever becomes of the mail server and of the gateway.</summary>
[Trait("Category", "judges")]
public sealed class StoredReadsTests : IAsyncDisposable
{
    private World _world = null!;
    private TapProxy _tap = null!;
    private ApiAccount _account = null!;

    private static (string, string)[] Settings(long bytes) => [("Cache:DiskBytes", $"{bytes}"), ("Watch:PollInterval", "1h"), ("Imap:CommandTimeout", "5s")];

    private async Task Start(string watch = "all", long bytes = 400L << 20, int? diskMegabytes = null)
    {
        _world = diskMegabytes is { } megabytes ? await World.OnSmallDisk(megabytes, Settings(bytes)) : await World.OfItsOwn(null, Settings(bytes));
        if (watch == "all")
        {
            var watched = await Watched.Start(_world);
            (_tap, _account) = (watched.Tap, watched.Account);
            await _tap.WaitFor("IDLE");
        }
        else
        {
            _tap = TapProxy.Start(_world.Dovecot.Port);
            _account = await _world.AddAccount(_tap.Port);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_tap is not null)
        {
            await _tap.DisposeAsync();
        }
        if (_world is not null)
        {
            await _world.DisposeAsync();
        }
    }

    private static byte[] Letter(byte[] content) =>
    [
        .. Mail.Octets("""
            Subject: a letter
            From: anna@example.org
            To: bob@example.com
            X-Note: as it was
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary="m"

            --m
            Content-Type: multipart/alternative; boundary="a"

            --a
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Gr=C3=BC=C3=9Fe aus K=C3=B6ln
            --a
            Content-Type: text/html; charset=utf-8

            <p>Grüße aus <b>Köln</b></p>
            --a--
            --m
            Content-Type: application/octet-stream
            Content-Disposition: attachment; filename="data.bin"
            Content-Transfer-Encoding: base64


            """),
        .. Mail.Octets(Mail.Base64(content)),
        .. Mail.Octets("\n--m--\n"),
    ];

    private async Task<string> Deliver(byte[] message)
    {
        var before = (await _account.Items(_account.Messages("inbox", "?limit=1"))).Select(one => one.GetProperty("id").GetString()).FirstOrDefault();
        await _world.Dovecot.Append(_world.User, message);
        await TestWait.For(async () => (await _account.Items(_account.Messages("inbox", "?limit=1"))) is [var newest] && newest.GetProperty("id").GetString() != before);
        return (await _account.Newest()).GetProperty("id").GetString()!;
    }

    private Task<OctetAnswer> Download(string id, string rest, params (string, string)[] headers) => _world.Gateway.Http.Download(_account.Message(id, rest), headers);

    private string Messages => Path.Combine(_world.Gateway.DataDirectory, "cache", "messages");

    private string[] Files => Directory.Exists(Messages) ? Directory.GetFiles(Messages, "*", SearchOption.AllDirectories) : [];

    private long OnDisk => Files.Sum(file =>
    {
        try
        {
            return new FileInfo(file).Length;
        }
        catch (FileNotFoundException)
        {
            // It has just made room.
            return 0;
        }
    });

    private static readonly string[] Bodies = ["?body=text,html", "?body=text", "?body=html&html=raw", "?headers=X-Note", "?headers=all"];

    [Theory]
    [InlineData("all")]
    [InlineData("none")]
    public async Task A_message_that_was_read_before_is_readable_while_the_server_is_away_and_after_a_restart_and_others_are_not(string watch)
    {
        await Start(watch);
        var content = Mail.Content(300_000);
        var letter = Letter(content);
        var other = await Deliver(Letter(Mail.Content(10)));
        var id = await Deliver(letter);
        var before = new Dictionary<string, string>();
        foreach (var query in Bodies)
        {
            before[query] = (await _world.Api.Get(_account.Message(id, query))).Is(HttpStatusCode.OK).Text;
        }
        Assert.Contains("Grüße aus Köln", before["?body=text"], StringComparison.Ordinal);
        Assert.Equal(letter, (await Download(id, "/raw")).Is(HttpStatusCode.OK).Octets);
        Assert.Equal(content, (await Download(id, "/parts/2")).Is(HttpStatusCode.OK).Octets);
        if (watch == "all")
        {
            _tap.Lines.Clear();
            await ReadAll(isStale: false);
            Assert.Empty(_tap.Commands);
        }
        _tap.GoDown();
        if (watch == "all")
        {
            await TestWait.For(async () => (await _world.Api.Get(_account.Messages("inbox"))).Headers.Contains("Gateway-Stale"));
        }
        await ReadAll(isStale: true);
        await _world.Gateway.Restart();
        await ReadAll(isStale: true);
        foreach (var path in new[] { "?body=text", "/raw", "/parts/2", "/parts/1.1" })
        {
            var answer = await Download(other, path);
            answer.Is(HttpStatusCode.ServiceUnavailable);
            Assert.NotNull(answer["Retry-After"]);
        }
        (await Download(id, "/raw", ("Cache-Control", "no-cache"))).Is(HttpStatusCode.ServiceUnavailable);
        _tap.ComeBack();
        await TestWait.For(async () => (await Download(other, "/raw")).Status == HttpStatusCode.OK);

        async Task ReadAll(bool isStale)
        {
            foreach (var query in Bodies)
            {
                var answer = (await _world.Api.Get(_account.Message(id, query))).Is(HttpStatusCode.OK);
                Assert.Equal(isStale, answer.Headers.Contains("Gateway-Stale"));
                Assert.True(JsonNode.DeepEquals(JsonNode.Parse(before[query]), JsonNode.Parse(answer.Text)), $"{before[query]}\n{answer.Text}");
            }
            foreach (var (path, whole) in new[] { ("/raw", letter), ("/parts/2", content) })
            {
                var answer = (await Download(id, path)).Is(HttpStatusCode.OK);
                Assert.Equal(whole, answer.Octets);
                Assert.Equal((isStale, $"{whole.Length}"), (answer["Gateway-Stale"] is not null, answer["Content-Length"]));
                Assert.Equal(whole[^70_000..], (await Download(id, path, ("Range", "bytes=-70000"))).Is(HttpStatusCode.PartialContent).Octets);
                Assert.Equal(whole[65_000..66_000], (await Download(id, path, ("Range", "bytes=65000-65999"))).Is(HttpStatusCode.PartialContent).Octets);
                (await Download(id, path, ("If-None-Match", answer["ETag"]!))).Is(HttpStatusCode.NotModified);
            }
            Assert.Equal("data.bin", (await Download(id, "/parts/2"))["Content-Disposition"]!.Split('"')[1]);
        }
    }

    [Fact]
    [Trait("Category", "long")]
    public async Task Twenty_megabytes_come_back_octet_for_octet_in_constant_memory_and_a_damaged_file_is_mended_from_the_server()
    {
        await Start();
        var content = Mail.Content(20_000_000);
        var small = await Deliver(Mail.WithFile(Mail.Content(5_000_000)));
        var id = await Deliver(Mail.WithFile(content));
        for (var i = 0; i < 2; i++)
        {
            (await Download(small, "/parts/2")).Is(HttpStatusCode.OK);
        }
        var before = _world.Gateway.ResidentBytes;
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(SHA256.HashData(content), SHA256.HashData((await Download(id, "/parts/2")).Is(HttpStatusCode.OK).Octets));
        }
        Assert.InRange(_world.Gateway.ResidentBytes - before, long.MinValue, 16 << 20);
        _tap.Lines.Clear();
        Assert.Equal(SHA256.HashData(content), SHA256.HashData((await Download(id, "/parts/2")).Is(HttpStatusCode.OK).Octets));
        Assert.Empty(_tap.Commands);

        using (var file = File.OpenHandle(Files.MaxBy(file => new FileInfo(file).Length)!, access: FileAccess.Write))
        {
            RandomAccess.Write(file, "damaged"u8, 10_000_000);
        }
        Assert.Equal(SHA256.HashData(content), SHA256.HashData((await Download(id, "/parts/2")).Is(HttpStatusCode.OK).Octets));
        Assert.NotEmpty(_tap.Commands);
        using (var file = File.OpenHandle(Files.MaxBy(file => new FileInfo(file).Length)!, access: FileAccess.Write))
        {
            RandomAccess.SetLength(file, 1_000_000);
        }
        _tap.GoDown();
        await TestWait.For(async () => (await Download(id, "/parts/2")).Status == HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_client_that_goes_away_half_way_leaves_nothing()
    {
        await Start();
        var id = await Deliver(Mail.WithFile(Mail.Content(20_000_000)));
        using (var reader = await SlowReader.Get(_world.Gateway, _account.Message(id, "/parts/2")))
        {
            await reader.Header();
            var drafts = Path.Combine(_world.Gateway.DataDirectory, "cache", "new");
            await TestWait.For(() => Directory.GetFiles(drafts).Length == 1);
        }
        await TestWait.For(() => Directory.GetFiles(Path.Combine(_world.Gateway.DataDirectory, "cache", "new")).Length == 0);
        Assert.Empty(Files);
    }

    [Fact]
    public async Task It_goes_with_the_message_when_that_is_moved_and_with_the_message_and_the_account_when_they_are_removed()
    {
        await Start();
        using (var client = await _world.OtherClient())
        {
            await (await client.GetFolderAsync(client.PersonalNamespaces[0].Path, TestContext.Current.CancellationToken)).CreateAsync("Archive", true, TestContext.Current.CancellationToken);
        }
        var letter = Letter(Mail.Content(1000));
        var kept = await Deliver(Letter(Mail.Content(2000)));
        var id = await Deliver(letter);
        foreach (var one in new[] { kept, id })
        {
            (await Download(one, "/raw")).Is(HttpStatusCode.OK);
        }
        var archive = "";
        await TestWait.For(async () => (archive = (await _account.Items(_account.Mailboxes)).FirstOrDefault(mailbox => mailbox.GetProperty("path").GetString() == "Archive") is { ValueKind: JsonValueKind.Object } found ? found.GetProperty("id").GetString() : null) is not null);
        (await _world.Api.Patch(_account.Message(id), new { mailboxId = archive })).Is(HttpStatusCode.OK);
        await TestWait.For(() => Directory.GetDirectories(Directory.GetDirectories(Messages).Single()).Length == 2);
        _tap.GoDown();
        await TestWait.For(async () => (await Download(id, "/raw"))["Gateway-Stale"] is not null);
        Assert.Equal(letter, (await Download(id, "/raw")).Is(HttpStatusCode.OK).Octets);
        _tap.ComeBack();
        await TestWait.For(async () => (await _world.Api.Delete(_account.Message(id, "?permanent=true"))).Status == HttpStatusCode.NoContent);
        await TestWait.For(() => Files.Length == 2);
        (await Download(kept, "/raw")).Is(HttpStatusCode.OK);
        (await _world.Api.Delete(_account.Path)).Is(HttpStatusCode.NoContent);
        await TestWait.For(() => Directory.GetDirectories(Messages).Length == 0);
    }

    [Fact]
    public async Task It_stays_within_its_bound()
    {
        const long Bound = 2 << 20;
        await Start(watch: "none", bytes: Bound);
        var first = await Deliver(Mail.WithFile(Mail.Content(150_000)));
        for (var i = 0; i < 30; i++)
        {
            var id = await Deliver(Mail.WithFile(Mail.Content(150_000, i)));
            (await Download(id, "/parts/2")).Is(HttpStatusCode.OK);
            Assert.Equal(Mail.Content(150_000), (await Download(first, "/parts/2")).Is(HttpStatusCode.OK).Octets);
            Assert.InRange(OnDisk, 0, Bound);
        }
        Assert.InRange(OnDisk, Bound / 2, Bound);
    }

    [Fact]
    public async Task A_full_disk_harms_nobody_and_gets_its_room_back()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root can make a small disk.");
        await Start(diskMegabytes: 60);
        var content = Mail.Content(3_000_000);
        var id = await Deliver(Mail.WithFile(content));
        Assert.Equal(content, (await Download(id, "/parts/2")).Is(HttpStatusCode.OK).Octets);
        _tap.Lines.Clear();
        Assert.Equal(content, (await Download(id, "/parts/2")).Is(HttpStatusCode.OK).Octets);
        Assert.Empty(_tap.Commands);
        var next = await Deliver(Mail.WithFile(Mail.Content(2_000_000, 2)));
        _world.Gateway.FillDisk();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Mail.Content(2_000_000, 2), (await Download(next, "/parts/2")).Is(HttpStatusCode.OK).Octets);
            (await _world.Api.Get(_account.Message(next, "?body=text"))).Is(HttpStatusCode.OK);
        }
        await _world.Gateway.Output.First(line => line.Contains("gives up half of its room", StringComparison.Ordinal));
        // What it has given up is there for the database.
        await TestWait.For(async () => (await _world.Api.Get("/health/ready")).Status == HttpStatusCode.OK);
        Assert.Equal(content, (await Download(id, "/parts/2")).Is(HttpStatusCode.OK).Octets);
    }
}
