namespace ImapGateway.Webhooks;

/// <summary>The tasks of an endpoint at work here.</summary>
public sealed class EndpointWork(EndpointRunner endpoint, DeliveryContext context) : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<long, Task> _lanes = [];
    private readonly Lock _lock = new();
    private Task _retries = Task.CompletedTask;

    public EndpointRunner Endpoint => endpoint;

    public void Start() => _retries = RetryAsync();

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
            tasks = [.. _lanes.Values, _retries];
        }
        await Task.WhenAll(tasks);
        _end.Dispose();
        endpoint.Dispose();
    }

    private async Task RetryAsync()
    {
        await Task.Yield();
        using var loop = context.Loops.New("webhook retries");
        var retries = new RetryLoop(endpoint, context);
        await loop.RunAsync(retries.WaitAsync, retries.TurnAsync, _end.Token);
    }

    private async Task RunAsync(Lane lane, Action<Lane, bool> ended)
    {
        await Task.Yield();
        using (var loop = context.Loops.New("webhook lanes"))
        {
            await lane.RunAsync(loop, _end.Token);
        }
        // Whoever takes the lane up again begins where its row says: what was delivered since would be delivered twice.
        await context.Outcomes.WrittenAsync(_end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        endpoint.Remove(lane);
        lock (_lock)
        {
            _lanes.Remove(lane.Ref.Id);
        }
        ended(lane, lane.HasFailed);
    }
}
