using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Constant memory whatever the size, and no hurry for whoever moves.</summary>
[Trait("Category", "long")]
public sealed class LargeDownloadTests(ITestOutputHelper output)
{
    private const int Lines = 4_000_000;
    private const long MostGrowth = 16L << 20;

    /// <summary>Of base64: 57 octets.</summary>
    private static readonly byte[] Line = RandomNumberGenerator.GetBytes(57);

    [Fact]
    public async Task A_message_of_300_MB_streams_in_16_MB()
    {
        await using var world = await World.OfItsOwn(new DovecotOptions());
        await Store(world);
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        var small = await world.Deliver(account, Mail.WithFile(Mail.Content(20_000_000)));
        // What is loaded once and kept, and the room the garbage collector takes for whatever allocates, is not what the size of a download costs.
        foreach (var path in new[] { "/raw", "/parts/2" })
        {
            (await world.Gateway.Http.Download(account.Message(small, path))).Is(HttpStatusCode.OK);
        }

        var before = world.Gateway.ResidentBytes;
        foreach (var (path, least) in new[] { ("/raw", 300_000_000L), ("/parts/1", Lines * 57L) })
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            var (length, most, first) = await Drain(world, account.Message(id, path));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {length} octets in {clock.Elapsed.TotalSeconds:0.0} s, first after {first.TotalMilliseconds:0} ms; resident before {before >> 20} MB, at most {most >> 20} MB"));
            Assert.InRange(length, least, least + 20_000_000);
            Assert.InRange(most - before, long.MinValue, MostGrowth);
        }

        var tail = (await world.Gateway.Http.Download(account.Message(id, "/parts/1"), ("Range", "bytes=-57"))).Is(HttpStatusCode.PartialContent);
        Assert.Equal(Line, tail.Octets);
        Assert.InRange(world.Gateway.ResidentBytes - before, long.MinValue, MostGrowth);
    }

    /// <summary>Longer than Orleans keeps a stream that nobody pulls from by default, which is two times 30 seconds.</summary>
    [Fact]
    public async Task A_reader_that_pauses_for_ninety_seconds_keeps_its_stream()
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var content = Mail.Content(50_000_000);
        var id = await world.Deliver(account, Mail.WithFile(content));
        using var reader = await SlowReader.Get(world.Gateway, account.Message(id, "/parts/2"));
        using var received = new MemoryStream();
        received.Write((await reader.Header()).Octets);
        await Task.Delay(TimeSpan.FromSeconds(90));
        while (await reader.Take(int.MaxValue) is { Length: > 0 } octets)
        {
            received.Write(octets);
        }

        Assert.True(content.AsSpan().SequenceEqual(received.ToArray()), $"{received.Length} octets came.");
    }

    private static async Task<(long Length, long MostResident, TimeSpan First)> Drain(World world, string path)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var response = await world.Gateway.Http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var first = clock.Elapsed;
        await using var content = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 20];
        var (length, most, looked) = (0L, 0L, 0L);
        for (int read; (read = await content.ReadAsync(buffer)) > 0;)
        {
            length += read;
            if (length - looked > 1 << 20)
            {
                looked = length;
                most = Math.Max(most, world.Gateway.ResidentBytes);
            }
        }

        return (length, most, first);
    }

    /// <summary>By hand, piece by piece: the test's own memory is somebody else's too.</summary>
    private static async Task Store(World world)
    {
        var header = Mail.Octets("Subject: large\nMIME-Version: 1.0\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n");
        var line = Encoding.ASCII.GetBytes(Convert.ToBase64String(Line) + "\r\n");
        var piece = Enumerable.Repeat(line, 1000).SelectMany(octets => octets).ToArray();
        using var socket = new TcpClient();
        await socket.ConnectAsync(DovecotServer.Host, world.Dovecot.Port);
        var stream = socket.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        await reader.ReadLineAsync();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"a LOGIN {world.User} {DovecotServer.Password}\r\nb APPEND INBOX {{{header.Length + (long)Lines * line.Length}+}}\r\n"));
        await stream.WriteAsync(header);
        for (var i = 0; i < Lines / 1000; i++)
        {
            await stream.WriteAsync(piece);
        }

        await stream.WriteAsync("\r\n"u8.ToArray());
        while (await reader.ReadLineAsync() is { } answer && !answer.StartsWith("b ", StringComparison.Ordinal))
        {
            Assert.False(answer.StartsWith("a NO", StringComparison.Ordinal), answer);
        }
    }
}
