namespace ImapGateway.Benchmarks.Load;

/// <summary>A client that takes a few octets of an answer at a time, until it is told to stop.</summary>
public sealed class SlowReader
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Task _reading;

    private SlowReader(Task reading) => _reading = reading;

    /// <returns>Once its first octet has come.</returns>
    public static async Task<SlowReader> Start(HttpClient http, Uri address, CancellationToken enough)
    {
        var answer = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, enough);
        answer.EnsureSuccessStatusCode();
        var content = await answer.Content.ReadAsStreamAsync(enough);
        var buffer = new byte[16 << 10];
        await content.ReadAtLeastAsync(buffer, 1, cancellationToken: enough);
        return new SlowReader(ReadAsync(answer, content, buffer, enough));
    }

    public Task StoppedAsync() => _reading;

    private static async Task ReadAsync(HttpResponseMessage answer, Stream content, byte[] buffer, CancellationToken enough)
    {
        using (answer)
        {
            try
            {
                while (await content.ReadAsync(buffer, enough) > 0)
                {
                    await Task.Delay(Pause, enough);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
        throw new InvalidOperationException("A slow download has ended before the lists beside it.");
    }
}
