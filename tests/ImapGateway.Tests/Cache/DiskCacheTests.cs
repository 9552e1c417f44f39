using System.Diagnostics.Metrics;
using ImapGateway.Background;
using ImapGateway.Cache;
using ImapGateway.Cache.Disk;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ImapGateway.Tests.Cache;

/// <summary>What is on disk is what was put there, or nothing; it is bounded, and nobody else can read it.</summary>
public sealed class DiskCacheTests : IAsyncLifetime
{
    private const string Account = "a1b2c3d4";
    private const long Limit = 1 << 20;

    private static readonly MessageHeaders Headers = new(null, null, null, [], [], "", [], [], [], [], [], [], null, DateTimeOffset.UnixEpoch, 0, []);

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("disk");
    private readonly EphemeralDataProtectionProvider _keys = new();
    private Node _node = null!;

    /// <summary>One life of a gateway's cache.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Dictionary<string, long> _counts = [];

        private Node(DataDirectory data, IDataProtectionProvider keys, long limit)
        {
            var options = Options.Create(new CacheOptions { DiskBytes = limit });
            Metrics = new CacheMetrics(new HeaderMemory(0));
            Folder = new DiskFolder(data, keys, new StoreEpoch { Value = 0 });
            Cache = new DiskCache(Folder, new DiskRoom(Folder, options, Metrics, TimeProvider.System, NullLogger<DiskRoom>.Instance), options, Metrics, new Loops(TimeProvider.System, NullLogger<Loops>.Instance));
            Sections = new StoredSections(Cache, Account);
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "imapgateway.disk.entries" && Metrics.Has(instrument.Meter))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
            {
                lock (_counts)
                {
                    _counts[(string)tags[0].Value!] = _counts.GetValueOrDefault((string)tags[0].Value!) + count;
                }
            });
            _listener.Start();
        }

        public CacheMetrics Metrics { get; }

        public DiskFolder Folder { get; }

        public DiskCache Cache { get; }

        public StoredSections Sections { get; }

        public long this[string outcome]
        {
            get
            {
                lock (_counts)
                {
                    return _counts.GetValueOrDefault(outcome);
                }
            }
        }

        public static async Task<Node> Start(DataDirectory data, IDataProtectionProvider keys, long limit = Limit)
        {
            var node = new Node(data, keys, limit);
            await node.Cache.StartAsync(CancellationToken.None);
            // Nothing is written before what is there was counted.
            await node.Counted();
            return node;
        }

        /// <summary>All that was to be done by now is done.</summary>
        public Task<bool> Counted() => Cache.ClearAsync("nobody");

        public async ValueTask DisposeAsync()
        {
            await Cache.StopAsync(CancellationToken.None);
            Cache.Dispose();
            Metrics.Dispose();
            _listener.Dispose();
        }
    }

    private DataDirectory Data => new(_data.FullName);

    public async ValueTask InitializeAsync() => _node = await Node.Start(Data, _keys);

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _data.Delete(recursive: true);
    }

    private async Task Restart(IDataProtectionProvider? keys = null, long limit = Limit)
    {
        await _node.DisposeAsync();
        _node = await Node.Start(Data, keys ?? _keys, limit);
    }

    private static async Task For(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }

    private static HeaderKey Message(uint uid) => new(7, 1, uid);

    private static byte[] Content(int length, int seed = 1)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    private Task Put(uint uid, byte[] content, string section = "1") => _node.Sections.PutAsync(Message(uid), Headers with { Subject = $"{uid}" }, section, content);

    private async Task<byte[]?> Get(uint uid, string section = "1")
    {
        using var entry = await _node.Sections.FindAsync(Message(uid), section);
        return entry is null ? null : await entry.ReadAsync(int.MaxValue);
    }

    private string[] Files => Directory.Exists(_node.Folder.Messages) ? Directory.GetFiles(_node.Folder.Messages, "*", SearchOption.AllDirectories) : [];

    private string Largest => Files.MaxBy(file => new FileInfo(file).Length)!;

    private long OnDisk => Files.Sum(file =>
    {
        try
        {
            return (new FileInfo(file).Length + 4095) / 4096 * 4096;
        }
        catch (FileNotFoundException)
        {
            // It has just made room.
            return 0;
        }
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(100_000)]
    public async Task What_was_put_is_found_octet_for_octet_after_a_restart_too(int length)
    {
        var content = Content(length);
        await Put(1, content);
        Assert.Equal(content, await Get(1));
        await Restart();
        Assert.Equal(content, await Get(1));
        Assert.Equal(length, await _node.Sections.LengthAsync(Message(1), "1"));
        Assert.Null(await Get(1, "2"));
        Assert.Null(await Get(2));
        Assert.Equal((1L, 2L), (_node["hit"], _node["miss"]));
        Assert.Equal("1", (await DiskHeaders.GetAsync(_node.Cache, Account, [Message(1), Message(2)])).Single().Value.Subject);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(0, 10L)]
    [InlineData(65_530, 12L)]
    [InlineData(65_536, 1L)]
    [InlineData(99_999, 5L)]
    [InlineData(100_000, null)]
    public async Task A_range_is_a_place_in_the_file(int offset, long? count)
    {
        var content = Content(100_000);
        await Put(1, content);
        using var entry = await _node.Sections.FindAsync(Message(1), "1");
        using var read = new MemoryStream();
        await foreach (var piece in entry!.ReadAsync(offset, count))
        {
            read.Write(piece);
        }
        Assert.Equal(content[offset..(int)Math.Min(content.Length, offset + (count ?? content.Length))], read.ToArray());
    }

    [Fact]
    public async Task Nobody_else_may_read_it_and_nobody_could()
    {
        var content = "the text of a message, which is nobody's business"u8.ToArray();
        await Put(1, content);
        Assert.Equal(2, Files.Length);
        Assert.All(Files, file => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf("nobody's business"u8)));
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(_node.Folder.Root, "*", SearchOption.AllDirectories))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
            foreach (var folder in Directory.GetDirectories(_node.Folder.Root, "*", SearchOption.AllDirectories).Append(_node.Folder.Root))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            }
        }
    }

    [Theory]
    [InlineData(-1, "cut")]
    [InlineData(-70_000, "cut")]
    [InlineData(-99_999, "cut")]
    [InlineData(5, "flip")]
    [InlineData(99_000, "flip")]
    [InlineData(0, "empty")]
    public async Task A_damaged_file_is_nothing_and_goes(int at, string damage)
    {
        await Put(1, Content(100_000));
        using (var file = File.OpenHandle(Largest, access: FileAccess.ReadWrite))
        {
            if (damage == "flip")
            {
                var octet = new byte[1];
                RandomAccess.Read(file, octet, at);
                octet[0] ^= 1;
                RandomAccess.Write(file, octet, at);
            }
            else
            {
                RandomAccess.SetLength(file, damage == "empty" ? 0 : RandomAccess.GetLength(file) + at);
            }
        }
        Assert.Null(await Get(1));
        Assert.Single(Files);
        Assert.Equal(1, _node["damaged"]);
        await Put(1, Content(100_000));
        Assert.NotNull(await Get(1));
    }

    [Fact]
    public async Task A_file_in_the_place_of_another_is_nothing()
    {
        await Put(1, Content(100), "1");
        await Put(1, Content(70_000), "2");
        var second = Largest;
        var first = Files.Single(file => new FileInfo(file).Length is > 100 and < 140);
        File.Copy(second, first, overwrite: true);
        Assert.Null(await Get(1, "1"));
        Assert.NotNull(await Get(1, "2"));
    }

    [Fact]
    public async Task It_keeps_its_bound_and_what_was_read_last_over_a_restart()
    {
        for (var uid = 1u; uid <= 20; uid++)
        {
            await Put(uid, Content(30_000));
        }
        await Task.Delay(20, TestContext.Current.CancellationToken);   // The clock of files is coarse.
        Assert.NotNull(await Get(1));
        await Restart();
        for (var uid = 21u; uid <= 60; uid++)
        {
            await Put(uid, Content(30_000));
            Assert.InRange(OnDisk, 0, Limit);
            await For(() => _node.Metrics.OnDisk <= Limit * 9 / 10);
            Assert.NotNull(await Get(1));
        }
        Assert.NotNull(await Get(60));
        Assert.Null(await Get(2));
        Assert.True(_node["evicted"] >= 30, $"{_node["evicted"]}");
        // What was evicted last may still be being deleted, and what was written during a count may have been counted twice: the figure may be too high until the next count, never too low.
        await For(() => Real() <= _node.Metrics.OnDisk);
        await Restart();
        Assert.Equal(Real(), _node.Metrics.OnDisk);

        long Real() => OnDisk + (4096 * Files.Select(Path.GetDirectoryName).Distinct().Count());
    }

    [Fact]
    public async Task An_entry_takes_an_eighth_at_most()
    {
        await Put(1, Content((int)Limit / 8 + 1));
        using (var writer = _node.Cache.Begin(Account, Message(2), "1", size: 10))
        {
            await writer!.AppendAsync(Content((int)Limit / 8 + 1));
            await writer.CommitAsync();
        }
        Assert.Null(await Get(1));
        Assert.Null(await Get(2));
        Assert.DoesNotContain(Directory.GetFiles(_node.Folder.Root, "*", SearchOption.AllDirectories), file => new FileInfo(file).Length > 10_000);
    }

    [Fact]
    public async Task What_was_not_finished_never_was()
    {
        using (var writer = _node.Cache.Begin(Account, Message(1), "1", 100_000))
        {
            await writer!.AppendAsync(Content(100_000));
            Assert.Null(_node.Cache.Begin(Account, Message(1), "1", 100_000));
            Assert.Null(await Get(1));
        }
        Assert.Null(await Get(1));
        File.WriteAllText(_node.Folder.NewDraft(), "killed here");
        await Restart();
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_node.Folder.NewDraft())!));
        Assert.Equal(0, _node.Metrics.OnDisk);
    }

    [Fact]
    public async Task A_moved_message_takes_along_what_is_known_of_it()
    {
        await Put(1, Content(100));
        await Put(1, Content(200), "2");
        _node.Cache.Move(Account, [(Message(1), new HeaderKey(9, 3, 44))]);
        await _node.Counted();
        Assert.Null(await Get(1));
        using var moved = await _node.Sections.FindAsync(new HeaderKey(9, 3, 44), "2");
        Assert.Equal(Content(200), await moved!.ReadAsync(1000));
        Assert.Single(await DiskHeaders.GetAsync(_node.Cache, Account, [new HeaderKey(9, 3, 44)]));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_message_that_is_removed_and_of_an_account()
    {
        for (var uid = 1u; uid <= 3; uid++)
        {
            await Put(uid, Content(100));
        }
        using var late = _node.Cache.Begin(Account, Message(1), "2", 100);
        using var later = _node.Cache.Begin(Account, Message(2), "2", 100);
        _node.Cache.Drop(Account, [Message(1)]);
        await late!.CommitAsync();
        await _node.Counted();
        Assert.Null(await Get(1));
        Assert.Null(await Get(1, "2"));
        Assert.NotNull(await Get(2));
        Assert.True(await _node.Cache.ClearAsync(Account));
        await later!.CommitAsync();
        Assert.Empty(Directory.GetDirectories(_node.Folder.Messages));
        Assert.Equal(0, _node.Metrics.OnDisk);
    }

    [Fact]
    public async Task Where_the_keys_are_lost_it_begins_anew()
    {
        await Put(1, Content(100));
        await Restart(new EphemeralDataProtectionProvider());
        Assert.Empty(Files);
        await Put(1, Content(100));
        Assert.NotNull(await Get(1));
    }

    [Fact]
    public async Task Switched_off_it_leaves_nothing()
    {
        await Put(1, Content(100));
        await Restart(limit: 0);
        Assert.False(Directory.Exists(_node.Folder.Root));
        await Put(1, Content(100));
        Assert.Null(await Get(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Limit)]
    public async Task What_the_gateway_has_not_made_is_left_alone(long limit)
    {
        using var other = new DataDirectory(Path.Combine(_data.FullName, "other"));
        var file = Path.Combine(other.Folder("cache").FullName, "photo.jpg");
        await File.WriteAllTextAsync(file, "mine", TestContext.Current.CancellationToken);
        if (limit == 0)
        {
            await using var off = await Node.Start(other, _keys, limit);
        }
        else
        {
            var refused = await Assert.ThrowsAsync<StartupException>(() => Node.Start(other, _keys, limit));
            Assert.Contains("was not made by the gateway", refused.Lines.Single(), StringComparison.Ordinal);
        }
        Assert.True(File.Exists(file));
    }
}
