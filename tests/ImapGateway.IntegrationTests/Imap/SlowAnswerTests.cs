using System.Net;
using System.Net.Sockets;
using System.Text;
using ImapGateway.Imap;
using ImapGateway.Mail;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>The memory for large answers: what is counted, and that a server that trickles does not keep it.</summary>
public sealed class SlowAnswerTests : IAsyncLifetime
{
    private const int Large = 3 * (int)AnswerMemory.Small;

    private readonly FakeTimeProvider _time = new();
    private readonly AnswerMemory _memory;
    private readonly byte[] _buffer = new byte[65_536];
    private ServerStream _stream = null!;
    private Socket _server = null!;

    public SlowAnswerTests() => _memory = new AnswerMemory(AnswerMemory.Small, _time);

    public async ValueTask InitializeAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint!);
        _server = await listener.AcceptSocketAsync();
        _stream = new ServerStream(socket, Redaction.None, TimeSpan.FromHours(1), _time) { Memory = _memory.Of("slow") };
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task A_large_answer_that_makes_no_progress_loses_its_connection_while_another_waits()
    {
        await Receive(string.Concat(Enumerable.Repeat("* 1 EXISTS\r\n", Large / 12 + 1)));

        var waiting = _memory.Of("other").TakeAsync(Large).AsTask();
        Assert.False(waiting.IsCompleted);
        var next = _stream.ReadAsync(_buffer, TestContext.Current.CancellationToken).AsTask();
        _time.Advance(AnswerMemory.Check);
        _time.Advance(AnswerMemory.Check);
        await Assert.ThrowsAsync<FloodException>(() => TestWait.For(next));
        await TestWait.For(waiting);
    }

    /// <summary>MailKit keeps the languages of a part, of which each takes four octets here, the addresses of embedded messages and the fields of headers in many times as much memory.</summary>
    [Theory]
    [InlineData("* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1 NIL NIL (", ")))", "\"a\" ", 40_000, NestingLimit.OctetsOfWord)]
    [InlineData("* 1 FETCH (BODYSTRUCTURE (\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 1 (\"d\" \"s\" (", ") NIL NIL NIL NIL NIL NIL NIL) (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1) 1))", "(NIL NIL \"b\" \"c\")", 11_000, NestingLimit.OctetsOfList + 3 * NestingLimit.OctetsOfWord)]
    [InlineData("* 1 FETCH (FLAGS (", "))", "k ", 40_000, NestingLimit.OctetsOfWord)]
    public async Task Small_parts_of_answers_count_as_much_as_they_take_in_memory(string start, string end, string part, int parts, int octets)
    {
        await Receive($"{start}{string.Concat(Enumerable.Repeat(part, parts))}{end}\r\n");
        Assert.InRange(_memory.Used + AnswerMemory.Small, parts * (long)(octets + part.Length), parts * (long)(octets + part.Length) + 10_000);
    }

    private async Task Receive(string answer)
    {
        var sending = _server.SendAsync(Encoding.ASCII.GetBytes(answer), SocketFlags.None);
        for (var read = 0; read < answer.Length;)
        {
            read += await TestWait.For(_stream.ReadAsync(_buffer, TestContext.Current.CancellationToken).AsTask());
        }
        await sending;
    }
}
