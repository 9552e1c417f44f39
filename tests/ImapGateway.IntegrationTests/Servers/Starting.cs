namespace ImapGateway.IntegrationTests.Servers;

/// <summary>Starts servers so that a start that fails leaves nothing behind.</summary>
internal static class Starting
{
    private const int Attempts = 3;

    /// <summary>The server once <paramref name="start"/> has returned; it is disposed if that throws.</summary>
    public static async Task<T> AfterAsync<T>(this T server, Func<T, Task> start)
        where T : IAsyncDisposable
    {
        try
        {
            await start(server);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Tries again, on other ports, where somebody else has taken a port after it was found free.</summary>
    /// <param name="tryStart">Chooses ports; false if the server has ended at once.</param>
    /// <param name="log">What the server has said.</param>
    public static async Task OnFreePortsAsync(string name, Func<Task<bool>> tryStart, Func<string> log)
    {
        for (var attempt = 1; !await tryStart(); attempt++)
        {
            if (attempt == Attempts)
            {
                throw new InvalidOperationException($"{name} does not start:\n{log()}");
            }
        }
    }
}
