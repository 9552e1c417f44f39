using ImapGateway.Access;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Webhooks.Endpoints;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>
/// Runs one endpoint on this node: the tasks of its lanes and of its retries, the calls that they share, and its state, which it reports to the database. It is thread-safe.
/// </summary>
public sealed class EndpointRunner : IAsyncDisposable
{
    /// <summary>The largest number of concurrent calls on this node, for all its lanes together.</summary>
    public const int MaxCalls = 64;

    /// <summary>The time between two reports of a success.</summary>
    private static readonly TimeSpan ReportPause = TimeSpan.FromSeconds(1);

    private readonly DeliveryContext _context;
    private readonly WebhookRights _rights;
    private readonly WebhookStates _states;
    private readonly EndpointHealth _health;
    private readonly SemaphoreSlim _calls = new(MaxCalls);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<long, (Lane Lane, Task Task)> _lanes = [];

    /// <summary>The loops by lane id. The loop of a failed lane is kept for its successor, so that the failure is reported until the successor works.</summary>
    private readonly Dictionary<long, GuardedLoop> _loops = [];
    private Task _retries = Task.CompletedTask;
    private volatile LoadedWebhook _webhook;
    private long _reportedSuccess;

    public EndpointRunner(LoadedWebhook webhook, DeliveryContext context, WebhookRights rights, WebhookStates states)
    {
        (_webhook, _context, _rights, _states, _health) = (webhook, context, rights, states, new EndpointHealth(context.Schedule));
        _health.Load(webhook.Row);
    }

    public LoadedWebhook Webhook => _webhook;

    /// <summary>The signal for work of this endpoint outside its lanes.</summary>
    public Signal Signal { get; } = new();

    public IReadOnlyList<Lane> Lanes
    {
        get
        {
            lock (_lock)
            {
                return [.. _lanes.Values.Select(running => running.Lane)];
            }
        }
    }

    public WebhookState State => _health.State;

    public bool IsRunning => _webhook.Fault is null && State is WebhookState.Active or WebhookState.Failing;

    /// <summary>The number of changes of an account that may be in flight at once.</summary>
    public int Width => _webhook.Row.Order == WebhookOrder.None ? 16 : 1;

    /// <summary>Starts to send the deliveries that were set apart.</summary>
    public void Start() => _retries = RetryAsync();

    /// <summary>Claims the lanes that do not run here. Each of them must be run.</summary>
    public async Task<IReadOnlyList<Lane>> ClaimAsync(CancellationToken cancel)
    {
        HashSet<long> known;
        lock (_lock)
        {
            known = [.. _lanes.Keys];
        }
        var lanes = (await _context.Lanes.ClaimAsync(_webhook.Row.Id, known, cancel)).ConvertAll(claimed => new Lane(claimed.Lane, claimed.Cursor, this, _context));
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
            _lanes[lane.Ref.Id] = (lane, RunAsync(lane, ended));
        }
    }

    /// <summary>Stops every lane after it has completed what is in flight.</summary>
    /// <param name="patience">The longest time to wait for this.</param>
    /// <param name="cancel">Ends the wait earlier.</param>
    public async Task LetGoAsync(TimeSpan patience, CancellationToken cancel)
    {
        List<Task> ends;
        lock (_lock)
        {
            ends = [.. _lanes.Values.Select(running => running.Task)];
        }
        foreach (var lane in Lanes)
        {
            lane.LetGo();
        }
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(Task.WhenAll(ends), Task.Delay(patience, _context.Time, enough.Token));
        await enough.CancelAsync();
    }

    /// <summary>Cancels all tasks and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        List<Task> tasks;
        lock (_lock)
        {
            tasks = [.. _lanes.Values.Select(running => running.Task), _retries];
        }
        await Task.WhenAll(tasks);
        lock (_lock)
        {
            EndLoops([.. _loops.Keys]);
        }
        _end.Dispose();
    }

    public LaneHealth HealthFor(Lane lane, bool hasPending) => _health.For(lane, hasPending);

    /// <summary>Releases the role of the prober, because the lane has nothing to try with. Another lane may take it.</summary>
    public void Release(Lane lane)
    {
        if (_health.Release(lane))
        {
            WakeAll();
        }
    }

    /// <summary>Returns the present rights of its key. If the key has lost rights, the endpoint is disabled, and the result is null.</summary>
    public async Task<Caller?> RightsAsync(CancellationToken cancel)
    {
        var key = await _rights.FindAsync(_webhook.Row, cancel);
        if (key is null)
        {
            await DisableAsync(DisableReason.KeyRevoked);
        }
        return key;
    }

    /// <summary>Waits for the right to one of the calls that the lanes share.</summary>
    public async Task<Slot> CallAsync(CancellationToken cancel)
    {
        await _calls.WaitAsync(cancel);
        return new Slot(_calls);
    }

    public async Task SucceededAsync()
    {
        var now = _context.Time.GetUtcNow();
        var recovered = _health.Succeeded(now);
        var reported = Interlocked.Read(ref _reportedSuccess);
        if (now.UtcTicks - reported > ReportPause.Ticks && Interlocked.CompareExchange(ref _reportedSuccess, now.UtcTicks, reported) == reported)
        {
            _context.Outcomes.Succeeded(_webhook.Row.Id, now);
        }
        if (recovered)
        {
            Recovered(anew: false);
            Apply(await _states.ActiveAsync(_webhook.Row.Id));
        }
    }

    public async Task SuspectAsync(Lane lane, LaneItem item)
    {
        if (_health.Suspect(lane, item))
        {
            Apply(await _states.FailingAsync(_webhook.Row.Id, item.Failures, item.NextAt));
        }
    }

    public void CandidateSent() => _health.CandidateSent();

    public async Task ProbeFailedAsync(TimeSpan? retryAfter)
    {
        var (failures, next) = _health.ProbeFailed(_context.Time.GetUtcNow(), retryAfter, Random.Shared.NextDouble());
        Apply(await _states.FailingAsync(_webhook.Row.Id, failures, next));
    }

    /// <summary>Records that deliveries were given up because they had waited longer than changes are kept.</summary>
    public Task ExpiredAsync(DateTimeOffset now) => _states.ExpiredAsync(_webhook.Row.Id, now);

    public async Task DisableAsync(string reason)
    {
        if (_health.Disable())
        {
            Apply(await _states.DisabledAsync(_webhook.Row.Id, reason));
        }
    }

    /// <summary>Disables the endpoint until it is changed, if nothing can be sent to it.</summary>
    public async Task DisableIfFaultyAsync()
    {
        if (_webhook.Fault is { } reason)
        {
            await DisableAsync(reason);
        }
    }

    /// <summary>Replaces the settings after the endpoint was changed.</summary>
    public void Replace(LoadedWebhook changed)
    {
        _webhook = changed;
        if (_health.Load(changed.Row))
        {
            Recovered(anew: true);
        }
        WakeAll();
    }

    private void WakeAll()
    {
        Signal.Wake();
        foreach (var lane in Lanes)
        {
            lane.Wake();
        }
    }

    private void Recovered(bool anew)
    {
        foreach (var lane in Lanes)
        {
            lane.Recovered(anew);
        }
        WakeAll();
    }

    /// <summary>Applies the row that is in the database now.</summary>
    private void Apply(WebhookEntity? row)
    {
        if (row is not null)
        {
            _webhook = _webhook with { Row = row };
            _health.Stop(row.State);
        }
    }

    private async Task RetryAsync()
    {
        await Task.Yield();
        using var loop = _context.Loops.New("webhook retries", _webhook.Row.Id);
        var retries = new RetryLoop(this, _context);
        await loop.RunAsync(retries.WaitAsync, retries.TurnAsync, _end.Token);
    }

    private async Task RunAsync(Lane lane, Action<Lane> ended)
    {
        await Task.Yield();
        await lane.RunAsync(LoopOf(lane), _end.Token);
        // The next owner of the lane starts where its row says: what was delivered after that would be delivered twice.
        await _context.Outcomes.WrittenAsync(_end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            _lanes.Remove(lane.Ref.Id);
            EndLoops(lane.HasFailed ? [] : [lane.Ref.Id]);
        }
        Release(lane);
        ended(lane);
    }

    private GuardedLoop LoopOf(Lane lane)
    {
        lock (_lock)
        {
            return _loops.TryGetValue(lane.Ref.Id, out var loop) ? loop : _loops[lane.Ref.Id] = _context.Loops.New("webhook lanes", $"{lane.Ref.Webhook}, account {lane.Ref.Account}");
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

    /// <summary>The right to one of the calls that the lanes share.</summary>
    public readonly struct Slot(SemaphoreSlim calls) : IDisposable
    {
        public void Dispose() => calls.Release();
    }
}
