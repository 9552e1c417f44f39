using System.Collections.Concurrent;
using ImapGateway.Changes;

namespace ImapGateway.Webhooks;

/// <summary>One endpoint at work: its lanes, the calls they share, and whether it takes anything at all. Any thread may call.</summary>
public sealed class EndpointRunner(LoadedWebhook webhook, DeliveryContext context) : IDisposable
{
    /// <summary>On this node, of all its lanes together.</summary>
    public const int MaxCalls = 64;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _calls = new(MaxCalls);
    private readonly ConcurrentDictionary<long, Lane> _lanes = new();
    private volatile LoadedWebhook _webhook = webhook;
    private WebhookState _state = webhook.Row.State;
    private DateTimeOffset? _lastSuccess = webhook.Row.LastSuccessAt;
    private int _probeFailures = webhook.Row.ProbeFailures;
    private DateTimeOffset _nextProbeAt = webhook.Row.NextProbeAt ?? DateTimeOffset.MinValue;
    private bool _isExhausted;
    private int _candidates = LaneWindow.Reach;
    private Lane? _prober;

    public LoadedWebhook Webhook => _webhook;

    /// <summary>Wakes what waits for this endpoint beside its lanes.</summary>
    public Signal Signal { get; } = new();

    public ICollection<Lane> Lanes => _lanes.Values;

    public WebhookState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    public bool IsRunning => State is WebhookState.Active or WebhookState.Failing;

    public int Width => _webhook.Row.Order == WebhookOrder.None ? 16 : 1;

    public void Add(Lane lane) => _lanes[lane.Ref.Id] = lane;

    public void Remove(Lane lane)
    {
        _lanes.TryRemove(lane.Ref.Id, out _);
        Release(lane);
    }

    /// <summary>The endpoint as this lane is to see it; while it is failing, the first lane that asks and has something to send becomes the one that tries for all.</summary>
    public LaneHealth HealthFor(Lane lane, bool hasPending)
    {
        lock (_lock)
        {
            if (_state != WebhookState.Failing)
            {
                return new LaneHealth(false, _lastSuccess);
            }
            if (hasPending)
            {
                _prober ??= lane;
            }
            return new LaneHealth(true, _lastSuccess, _prober == lane, _nextProbeAt, _isExhausted, _candidates);
        }
    }

    /// <summary>The lane has nothing to try with: another one may.</summary>
    public void Release(Lane lane)
    {
        lock (_lock)
        {
            if (_prober != lane)
            {
                return;
            }
            _prober = null;
        }
        WakeAll();
    }

    public async Task<SlotHolder> CallAsync(CancellationToken cancel)
    {
        await _calls.WaitAsync(cancel);
        return new SlotHolder(_calls);
    }

    public async Task SucceededAsync()
    {
        var now = context.Time.GetUtcNow();
        bool told, recovered;
        lock (_lock)
        {
            told = _lastSuccess is null || now - _lastSuccess > TimeSpan.FromSeconds(1);
            _lastSuccess = now;
            recovered = _state == WebhookState.Failing;
            _state = recovered ? WebhookState.Active : _state;
            _prober = null;
        }
        if (told)
        {
            context.Outcomes.Succeeded(_webhook.Row.Id, now);
        }
        if (recovered)
        {
            Recovered(anew: false);
            Apply(await context.States.ActiveAsync(_webhook.Row.Id));
        }
    }

    /// <summary>Nothing shows that it is alive: from now on the lane tries for all, and nothing is skipped.</summary>
    public async Task SuspectAsync(Lane lane, LaneItem item)
    {
        lock (_lock)
        {
            if (_state != WebhookState.Active)
            {
                return;
            }
            (_state, _prober, _candidates) = (WebhookState.Failing, lane, LaneWindow.Reach);
            (_probeFailures, _nextProbeAt, _isExhausted) = (item.Failures, item.NextAt, item.IsExhausted);
        }
        Apply(await context.States.FailingAsync(_webhook.Row.Id, item.Failures, item.NextAt));
    }

    public void CandidateSent()
    {
        lock (_lock)
        {
            _candidates = Math.Max(0, _candidates - 1);
        }
    }

    public async Task ProbeFailedAsync(TimeSpan? retryAfter)
    {
        int failures;
        DateTimeOffset next;
        lock (_lock)
        {
            failures = ++_probeFailures;
            var wait = context.Schedule.After(failures, retryAfter, Random.Shared.NextDouble());
            _isExhausted = wait is null;
            next = _nextProbeAt = context.Time.GetUtcNow() + (wait ?? TimeSpan.Zero);
        }
        Apply(await context.States.FailingAsync(_webhook.Row.Id, failures, next));
    }

    public async Task DisableAsync(string reason)
    {
        lock (_lock)
        {
            if (_state is WebhookState.Disabled or WebhookState.Paused)
            {
                return;
            }
            _state = WebhookState.Disabled;
            _prober = null;
        }
        Apply(await context.States.DisabledAsync(_webhook.Row.Id, reason));
    }

    /// <summary>Somebody has changed the endpoint.</summary>
    public void Replace(LoadedWebhook changed)
    {
        bool resumed;
        lock (_lock)
        {
            resumed = _state != WebhookState.Active && changed.Row.State == WebhookState.Active;
            _webhook = changed;
            _state = changed.Row.State;
            _prober = null;
            (_probeFailures, _nextProbeAt, _isExhausted) = (changed.Row.ProbeFailures, changed.Row.NextProbeAt ?? DateTimeOffset.MinValue, false);
        }
        if (resumed)
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

    /// <summary>What stands in the database now: a person may have had another word meanwhile.</summary>
    private void Apply(WebhookEntity? row)
    {
        if (row is null)
        {
            return;
        }
        lock (_lock)
        {
            _webhook = _webhook with { Row = row };
            _state = row.State is WebhookState.Paused or WebhookState.Disabled ? row.State : _state;
        }
    }

    /// <summary>One of the calls that the lanes share.</summary>
    public readonly struct SlotHolder(SemaphoreSlim calls) : IDisposable
    {
        public void Dispose() => calls.Release();
    }
}
