using System.Net.Sockets;
namespace ImapGateway.Egress;
public enum EgressPurpose { Imap, Smtp }
public sealed class EgressConnector
{
    public async Task<Socket> ConnectAsync(EgressPurpose purpose, string host, int port, CancellationToken cancel)
    {
        _ = purpose;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(host, port, cancel);
        return socket;
    }
}
