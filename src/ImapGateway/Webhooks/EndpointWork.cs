namespace ImapGateway.Webhooks;

/// <summary>The tasks of an endpoint at work here.</summary>
public sealed partial class EndpointWork(EndpointRunner endpoint, DeliveryContext context, ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _retries = [];
    private readonly Dictionary<long, Task> _lanes = [];
    private readonly Lock _lock = new();

    public EndpointRunner Endpoint => endpoint;

    public void Start() => _retries.Add(GuardAsync(() => new RetryLoop(endpoint, context).RunAsync(_end.Token), again: true));

    /// <summary>Takes over the lanes that nobody works on here.</summary>
    public async Task<IReadOnlyList<Lane>> ClaimAsync(CancellationToken cancel)
    {
        HashSet<long> known;
        lock (_lock)
        {
            known = [.. _lanes.Keys];
        }
        var lanes = (await context.Lanes.ClaimAsync(endpoint.Webhook.Row.Id, known, cancel)).ConvertAll(claimed => new Lane(claimed.Lane, claimed.Cursor, endpoint, context));
        foreach (var lane in lanes)
        {
            endpoint.Add(lane);
        }
        return lanes;
    }

    /// <param name="ended">Called when it has left, with whether it has failed.</param>
    public void Run(Lane lane, Action<Lane, bool> ended)
    {
        lock (_lock)
        {
            _lanes[lane.Ref.Id] = RunAsync(lane, ended);
        }
    }

    /// <summary>Lets every lane finish what it has on its way.</summary>
    public async Task LetGoAsync(TimeSpan patience)
    {
        List<Task> lanes;
        lock (_lock)
        {
            lanes = [.. _lanes.Values];
        }
        foreach (var lane in endpoint.Lanes)
        {
            lane.LetGo();
        }
        using var enough = new CancellationTokenSource();
        await Task.WhenAny(Task.WhenAll(lanes), Task.Delay(patience, context.Time, enough.Token));
        await enough.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        List<Task> tasks;
        lock (_lock)
        {
            tasks = [.. _lanes.Values, .. _retries];
        }
        await Task.WhenAll(tasks);
        _end.Dispose();
        endpoint.Dispose();
    }

    private async Task RunAsync(Lane lane, Action<Lane, bool> ended)
    {
        var failed = await GuardAsync(() => lane.RunAsync(_end.Token), again: false);
        // Whoever takes the lane up again begins where its row says: what was delivered since would be delivered twice.
        await context.Outcomes.WrittenAsync(_end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        endpoint.Remove(lane);
        lock (_lock)
        {
            _lanes.Remove(lane.Ref.Id);
        }
        ended(lane, failed);
    }

    /// <returns>Whether it has failed, as nothing here may.</returns>
    private async Task<bool> GuardAsync(Func<Task> work, bool again)
    {
        await Task.Yield();
        while (true)
        {
            try
            {
                await work();
                return false;
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
                return false;
            }
            catch (Exception failure)
            {
                LogFault(endpoint.Webhook.Row.Id, failure);
            }
            if (!again)
            {
                return true;
            }
            await Task.Delay(Patience, context.Time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Error, "A part of the webhook {Webhook} has failed; it begins anew where it was")]
    private partial void LogFault(string webhook, Exception exception);
}
