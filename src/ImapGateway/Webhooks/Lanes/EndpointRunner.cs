using System.Collections.Concurrent;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Webhooks.Endpoints;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>Runs one endpoint: its lanes, the calls that they share, and its state, which it reports to the database. It is thread-safe.</summary>
public sealed class EndpointRunner : IDisposable
{
    /// <summary>The largest number of concurrent calls on this node, for all its lanes together.</summary>
    public const int MaxCalls = 64;

    private static readonly TimeSpan Telling = TimeSpan.FromSeconds(1);

    private readonly DeliveryContext _context;
    private readonly WebhookRights _rights;
    private readonly WebhookStates _states;
    private readonly EndpointHealth _health;
    private readonly SemaphoreSlim _calls = new(MaxCalls);
    private readonly ConcurrentDictionary<long, Lane> _lanes = new();
    private volatile LoadedWebhook _webhook;
    private long _toldSuccess;

    public EndpointRunner(LoadedWebhook webhook, DeliveryContext context, WebhookRights rights, WebhookStates states)
    {
        (_webhook, _context, _rights, _states, _health) = (webhook, context, rights, states, new EndpointHealth(context.Schedule));
        _health.Load(webhook.Row);
    }

    public LoadedWebhook Webhook => _webhook;

    /// <summary>The signal for work of this endpoint outside its lanes.</summary>
    public Signal Signal { get; } = new();

    public ICollection<Lane> Lanes => _lanes.Values;

    public WebhookState State => _health.State;

    public bool IsRunning => _webhook.Fault is null && State is WebhookState.Active or WebhookState.Failing;

    /// <summary>The number of changes of an account that may be in flight at once.</summary>
    public int Width => _webhook.Row.Order == WebhookOrder.None ? 16 : 1;

    public void Add(Lane lane) => _lanes[lane.Ref.Id] = lane;

    public void Remove(Lane lane)
    {
        _lanes.TryRemove(lane.Ref.Id, out _);
        Release(lane);
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

    /// <summary>Records that deliveries were given up because they had waited longer than changes are kept.</summary>
    public Task ExpiredAsync(DateTimeOffset now) => _states.ExpiredAsync(_webhook.Row.Id, now);

    public async Task<Slot> CallAsync(CancellationToken cancel)
    {
        await _calls.WaitAsync(cancel);
        return new Slot(_calls);
    }

    public async Task SucceededAsync()
    {
        var now = _context.Time.GetUtcNow();
        var recovered = _health.Succeeded(now);
        var told = Interlocked.Read(ref _toldSuccess);
        if (now.UtcTicks - told > Telling.Ticks && Interlocked.CompareExchange(ref _toldSuccess, now.UtcTicks, told) == told)
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

    public void WakeAll()
    {
        Signal.Wake();
        foreach (var lane in _lanes.Values)
        {
            lane.Wake();
        }
    }

    public void Dispose() => _calls.Dispose();

    private void Recovered(bool anew)
    {
        foreach (var lane in _lanes.Values)
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

    /// <summary>The right to one of the calls that the lanes share.</summary>
    public readonly struct Slot(SemaphoreSlim calls) : IDisposable
    {
        public void Dispose() => calls.Release();
    }
}
