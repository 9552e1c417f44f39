using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks.Reference;

/// <summary>The same list as most Node.js programs would make it: npm's imapflow, one session, behind a bare node:http server.</summary>
public sealed class ImapFlow : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly ChildProcess _process;

    private ImapFlow(ChildProcess process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <returns>Null where npm's registry cannot be reached: the other rows can be measured all the same.</returns>
    public static async Task<ImapFlow?> Start(int port, string user, int page)
    {
        var folder = new NodeFolder(Path.Combine(AppContext.BaseDirectory, "imapflow"));
        if (await folder.Installed is { } unreachable)
        {
            Console.WriteLine($"imapflow is left out, npm's registry cannot be reached: {unreachable}");
            return null;
        }
        var process = await folder.Start("imapflow.mjs", $"{port}", user, DovecotServer.Password, $"{page}");
        var line = await process.Output.First(line => line.StartsWith(Listening, StringComparison.Ordinal));
        return new ImapFlow(process, new Uri(line[Listening.Length..]));
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
