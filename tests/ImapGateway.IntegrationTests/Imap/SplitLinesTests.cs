using System.Net;
using System.Net.Sockets;
using System.Text;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Lines that begin to arrive before a command is sent, and end after it.</summary>
public sealed class SplitLinesTests
{
    private const string Search = "UID SEARCH ALL";
    private const string List = "LIST \"\" \"*\"";
    private const string Fetch = "UID FETCH 1 (FLAGS)";

    public static readonly TheoryData<string, string, string> Lines = new MatrixTheoryData<string, string, string>(
        [Search, List, Fetch], [Search, List, Fetch], ["* 5 EXISTS\r\n", "* 5 FETCH (FLAGS (a))\r\n", "* OK [X] y\r\n", "* LIST () \"/\" a\r\n", "* ESEARCH (TAG \"A00000002\") UID ALL 1\r\n", "* SEARCH 1 2\r\n"]);

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_line_arrives_as_a_whole_wherever_it_is_cut(string before, string after, string line)
    {
        var cancel = TestContext.Current.CancellationToken;
        for (var cut = 1; cut < line.Length; cut++)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(listener.LocalEndpoint!, cancel);
            using var server = await listener.AcceptSocketAsync(cancel);
            await using var stream = new ServerStream(socket, Redaction.None, TimeSpan.FromHours(1), TimeProvider.System) { Listing = new ListingLimit(10), Answers = new AnswerLimit() };
            var (buffer, received) = (new byte[4096], new StringBuilder());
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"A00000001 {before}\r\n"), cancel);
            await server.SendAsync(Encoding.ASCII.GetBytes($"A00000001 OK done\r\n{line[..cut]}"), SocketFlags.None, cancel);
            await Until("A00000001 OK done\r\n");
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"A00000002 {after}\r\n"), cancel);
            await server.SendAsync(Encoding.ASCII.GetBytes($"{line[cut..]}A00000002 OK done\r\n"), SocketFlags.None, cancel);
            await Until("A00000002 OK done\r\n");
            Assert.Equal($"A00000001 OK done\r\n{line}A00000002 OK done\r\n", received.ToString());

            async Task Until(string end)
            {
                while (!received.ToString().Contains(end, StringComparison.Ordinal))
                {
                    var read = await TestWait.For(stream.ReadAsync(buffer, cancel).AsTask());
                    received.Append(Encoding.ASCII.GetString(buffer, 0, read));
                }
            }
        }
    }
}
