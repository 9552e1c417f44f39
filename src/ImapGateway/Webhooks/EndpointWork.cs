namespace ImapGateway.Webhooks;

/// <summary>The tasks of an endpoint at work here.</summary>
public sealed partial class EndpointWork(EndpointRunner endpoint, DeliveryContext context, ILogger log) : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _retries = [];
    private readonly Dictionary<long, Task> _lanes = [];
    private readonly Lock _lock = new();

    public EndpointRunner Endpoint => endpoint;

    public void Start() => _retries.Add(GuardAsync(() => new RetryLoop(endpoint, context).RunAsync(_end.Token)));

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

    /// <param name="ended">Called when it has left.</param>
    public void Run(Lane lane, Action<Lane> ended)
    {
        lock (_lock)
        {
            _lanes[lane.Ref.Id] = GuardAsync(async () =>
            {
                await lane.RunAsync(_end.Token);
                endpoint.Remove(lane);
                ended(lane);
                lock (_lock)
                {
                    _lanes.Remove(lane.Ref.Id);
                }
            });
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

    private async Task GuardAsync(Func<Task> work)
    {
        await Task.Yield();
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // Asked to stop.
        }
        catch (Exception failure)
        {
            LogFault(endpoint.Webhook.Row.Id, failure);
        }
    }

    [LoggerMessage(LogLevel.Critical, "A part of the webhook {Webhook} has failed and stands still until the gateway is started again")]
    private partial void LogFault(string webhook, Exception exception);
}
