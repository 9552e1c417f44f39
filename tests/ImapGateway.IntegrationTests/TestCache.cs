using ImapGateway.Background;
using ImapGateway.Cache;
using ImapGateway.Cache.Disk;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ImapGateway.IntegrationTests;

/// <summary>A gateway's header cache without the gateway around it, as one node of several has it.</summary>
public sealed class TestCache : IAsyncDisposable
{
    private readonly RedisLink _link;

    private TestCache(string redis, CacheOptions options)
    {
        Memory = new HeaderMemory(options.MemoryBytes);
        Metrics = new CacheMetrics(Memory);
        _link = new RedisLink(Options.Create(new RedisOptions { ConnectionString = redis }), Metrics, TimeProvider.System, NullLogger<RedisLink>.Instance);
        var epoch = new StoreEpoch { Value = 0 };
        Redis = new RedisHeaders(_link, epoch, Options.Create(options), TimeProvider.System);
        var folder = new DiskFolder(new DataDirectory("unused"), new EphemeralDataProtectionProvider(), epoch);
        var settings = Options.Create(options);
        Cache = new HeaderCache(Memory, Redis, new DiskCache(folder, new DiskRoom(folder, settings, Metrics, TimeProvider.System, NullLogger<DiskRoom>.Instance), settings, Metrics, new Loops(TimeProvider.System, NullLogger<Loops>.Instance)), Metrics);
    }

    public HeaderCache Cache { get; }

    public HeaderMemory Memory { get; }

    public RedisHeaders Redis { get; }

    public CacheMetrics Metrics { get; }

    public static HeaderCache InMemory() => new TestCache("", new CacheOptions()).Cache;

    public static async Task<TestCache> At(RedisServer server, CacheOptions? options = null)
    {
        var cache = new TestCache(server.ConnectionString, options ?? new CacheOptions());
        await cache._link.StartAsync(CancellationToken.None);
        return cache;
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        Metrics.Dispose();
    }

    /// <summary>Headers that can be told from those of any other message.</summary>
    public static MessageHeaders Sample(uint uid, string subject = "Our offer of ") => new(
        EmailId: null,
        ThreadId: null,
        MessageId: $"cafe.{uid}@example.org",
        InReplyTo: [],
        References: [$"first.{uid}@example.org"],
        Subject: subject + uid,
        From: [new EmailAddress("Anna Berg", "anna@example.org")],
        Sender: [],
        ReplyTo: [],
        To: [new EmailAddress(null, "bob@example.com")],
        Cc: [],
        Bcc: [],
        Date: DateTimeOffset.UnixEpoch.AddMinutes(uid),
        ReceivedAt: DateTimeOffset.UnixEpoch.AddSeconds(uid),
        Size: 1000 + uid,
        Parts:
        [
            new MessagePart("1", "text/plain", "utf-8", "quoted-printable", 700, null, null, null, null, true, false, false),
            new MessagePart("2", "application/pdf", null, "base64", 70_000, "offer.pdf", "attachment", null, null, false, false, false),
        ]);
}
