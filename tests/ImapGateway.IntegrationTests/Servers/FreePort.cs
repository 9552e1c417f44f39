using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>Loopback ports for servers that cannot be told to choose their own.</summary>
public static class FreePort
{
    private static readonly ConcurrentDictionary<int, bool> Taken = new();

    /// <summary>
    /// A port nobody listens on, handed out once per process. It lies below the kernel's ephemeral range, so that no outgoing connection takes it
    /// before the server does; another process still may, and whoever starts a server tries again then.
    /// </summary>
    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            if (!Taken.TryAdd(port, true))
            {
                continue;
            }

            using var probe = new TcpListener(IPAddress.Loopback, port) { ExclusiveAddressUse = true };
            try
            {
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it: it stays in the list of those not to try again.
            }
        }
    }
}
