using System.Net;
using System.Net.Sockets;
using ImapGateway.Imap;
using ImapGateway.Mail;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>The memory for large answers is not kept by a server that trickles.</summary>
public class SlowAnswerTests
{
    private const int Large = 3 * (int)AnswerMemory.Small;

    [Fact]
    public async Task A_large_answer_that_makes_no_progress_loses_its_connection_while_another_waits()
    {
        var time = new FakeTimeProvider();
        var memory = new AnswerMemory(AnswerMemory.Small, time);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint!);
        using var server = await listener.AcceptSocketAsync();
        await using var stream = new ServerStream(socket, Redaction.None, TimeSpan.FromHours(1), time) { Memory = memory.Of("slow") };
        var line = "* 1 EXISTS\r\n"u8.ToArray();
        var answer = Enumerable.Repeat(line, Large / line.Length + 1).SelectMany(octets => octets).ToArray();
        var sending = server.SendAsync(answer, SocketFlags.None);
        var buffer = new byte[65_536];
        for (var read = 0; read < answer.Length;)
        {
            read += await TestWait.For(stream.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask());
        }
        await sending;

        var waiting = memory.Of("other").TakeAsync(Large).AsTask();
        Assert.False(waiting.IsCompleted);
        var next = stream.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask();
        time.Advance(AnswerMemory.Check);
        time.Advance(AnswerMemory.Check);
        await Assert.ThrowsAsync<FloodException>(() => TestWait.For(next));
        await TestWait.For(waiting);
    }
}
