using System.Globalization;
using System.Net.Sockets;
using System.Text;

/// <summary>
/// Runs in the process that is measured, before its own Main (DOTNET_STARTUP_HOOKS): what only the runtime inside can tell is asked for on a Unix socket.
/// An octet <c>a</c> is answered with all bytes allocated so far, <c>l</c> with the bytes that live after a full collection.
/// </summary>
#pragma warning disable CA1050 // The runtime looks for this name in no namespace.
public static class StartupHook
#pragma warning restore CA1050
{
    public const string SocketVariable = "BENCH_RUNTIME_SOCKET";

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(SocketVariable) is { } path)
        {
            new Thread(() => Answer(path)) { IsBackground = true, Name = "figures for the benchmark" }.Start();
        }
    }

    private static void Answer(string path)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        File.Delete(path);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var question = new byte[1];
        while (true)
        {
            using var asker = listener.Accept();
            if (asker.Receive(question) == 1)
            {
                asker.Send(Encoding.ASCII.GetBytes(Figure((char)question[0]).ToString(CultureInfo.InvariantCulture)));
            }
        }
    }

    private static long Figure(char question)
    {
        if (question == 'a')
        {
            return GC.GetTotalAllocatedBytes(precise: true);
        }
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
