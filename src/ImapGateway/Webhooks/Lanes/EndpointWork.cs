using ImapGateway.Background;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>The tasks of an endpoint on this node.</summary>
public sealed class EndpointWork(EndpointRunner endpoint, DeliveryContext context) : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<long, Task> _lanes = [];

    /// <summary>The loops by lane id. The loop of a failed lane is kept for its successor, so that the failure is reported until the successor works.</summary>
    private readonly Dictionary<long, GuardedLoop> _loops = [];
    private readonly Lock _lock = new();
    private Task _retries = Task.CompletedTask;

    public EndpointRunner Endpoint => endpoint;

    public void Start() => _retries = RetryAsync();

    /// <summary>Claims the lanes that do not run here.</summary>
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
        lock (_lock)
        {
            EndLoops([.. _loops.Keys.Where(id => !known.Contains(id) && !lanes.Exists(lane => lane.Ref.Id == id))]);
        }
        return lanes;
    }

    /// <param name="ended">The callback after the lane has ended.</param>
    public void Run(Lane lane, Action<Lane> ended)
    {
        lock (_lock)
        {
            _lanes[lane.Ref.Id] = RunAsync(lane, ended);
        }
    }

    /// <summary>Stops every lane after it has completed what is in flight.</summary>
    /// <param name="patience">The longest time to wait for this.</param>
    /// <param name="cancel">Ends the wait earlier.</param>
    public async Task LetGoAsync(TimeSpan patience, CancellationToken cancel)
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
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
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
        lock (_lock)
        {
            EndLoops([.. _loops.Keys]);
        }
        _end.Dispose();
        endpoint.Dispose();
    }

    private async Task RetryAsync()
    {
        await Task.Yield();
        using var loop = context.Loops.New("webhook retries", endpoint.Webhook.Row.Id);
        var retries = new RetryLoop(endpoint, context);
        await loop.RunAsync(retries.WaitAsync, retries.TurnAsync, _end.Token);
    }

    private async Task RunAsync(Lane lane, Action<Lane> ended)
    {
        await Task.Yield();
        await lane.RunAsync(LoopOf(lane), _end.Token);
        // The next owner of the lane starts where its row says: what was delivered after that would be delivered twice.
        await context.Outcomes.WrittenAsync(_end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        endpoint.Remove(lane);
        lock (_lock)
        {
            _lanes.Remove(lane.Ref.Id);
            EndLoops(lane.HasFailed ? [] : [lane.Ref.Id]);
        }
        ended(lane);
    }

    private GuardedLoop LoopOf(Lane lane)
    {
        lock (_lock)
        {
            return _loops.TryGetValue(lane.Ref.Id, out var loop) ? loop : _loops[lane.Ref.Id] = context.Loops.New("webhook lanes", $"{lane.Ref.Webhook}, account {lane.Ref.Account}");
        }
    }

    /// <summary>Ends the loops of lanes. The caller holds the lock.</summary>
    private void EndLoops(IReadOnlyCollection<long> lanes)
    {
        foreach (var id in lanes)
        {
            if (_loops.Remove(id, out var loop))
            {
                loop.Dispose();
            }
        }
    }
}
