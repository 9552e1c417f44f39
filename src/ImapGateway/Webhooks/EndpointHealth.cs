namespace ImapGateway.Webhooks;

/// <summary>Whether an endpoint takes anything, and which of its lanes finds out: decisions without IO. Any thread may call.</summary>
public sealed class EndpointHealth(RetrySchedule schedule)
{
    private readonly Lock _lock = new();
    private WebhookState _state;
    private DateTimeOffset? _lastSuccess;
    private int _probeFailures;
    private DateTimeOffset _nextProbeAt;
    private bool _isExhausted;
    private int _candidates;
    private object? _prober;

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

    /// <summary>The endpoint as its row says.</summary>
    /// <returns>Whether it is at work again.</returns>
    public bool Load(WebhookEntity row)
    {
        lock (_lock)
        {
            var resumed = _state != WebhookState.Active && row.State == WebhookState.Active;
            _state = row.State;
            _lastSuccess = row.LastSuccessAt > _lastSuccess || _lastSuccess is null ? row.LastSuccessAt : _lastSuccess;
            (_probeFailures, _nextProbeAt) = (row.ProbeFailures, row.NextProbeAt ?? DateTimeOffset.MinValue);
            (_isExhausted, _candidates, _prober) = (false, LaneWindow.Reach, null);
            return resumed;
        }
    }

    /// <summary>The endpoint as this lane is to see it; while it is failing, the first lane that asks and has something to send becomes the one that tries for all.</summary>
    public LaneHealth For(object lane, bool hasPending)
    {
        lock (_lock)
        {
            if (_state != WebhookState.Failing)
            {
                return new LaneHealth(false, _lastSuccess);
            }
            _prober ??= hasPending ? lane : null;
            return new LaneHealth(true, _lastSuccess, _prober == lane, _nextProbeAt, _isExhausted, _candidates);
        }
    }

    /// <returns>Whether the lane was the one that tries for all: another one may, now.</returns>
    public bool Release(object lane)
    {
        lock (_lock)
        {
            var was = _prober == lane;
            _prober = was ? null : _prober;
            return was;
        }
    }

    /// <returns>Whether it was failing until now.</returns>
    public bool Succeeded(DateTimeOffset now)
    {
        lock (_lock)
        {
            _lastSuccess = now;
            _prober = null;
            var recovered = _state == WebhookState.Failing;
            _state = recovered ? WebhookState.Active : _state;
            return recovered;
        }
    }

    /// <summary>Nothing shows that it is alive: from now on the lane tries for all, by the schedule of the item that made it suspect.</summary>
    /// <returns>Whether it is news.</returns>
    public bool Suspect(object lane, LaneItem item)
    {
        lock (_lock)
        {
            if (_state != WebhookState.Active)
            {
                return false;
            }
            (_state, _prober, _candidates) = (WebhookState.Failing, lane, LaneWindow.Reach);
            (_probeFailures, _nextProbeAt, _isExhausted) = (item.Failures, item.NextAt ?? DateTimeOffset.MinValue, item.IsExhausted);
            return true;
        }
    }

    /// <summary>Said before a change is tried that was never tried before, while it is failing.</summary>
    public void CandidateSent()
    {
        lock (_lock)
        {
            _candidates = Math.Max(0, _candidates - 1);
        }
    }

    /// <param name="random">From 0 to 1.</param>
    public (int Failures, DateTimeOffset NextAt) ProbeFailed(DateTimeOffset now, TimeSpan? retryAfter, double random)
    {
        lock (_lock)
        {
            var wait = schedule.After(++_probeFailures, retryAfter, random);
            _isExhausted = wait is null;
            _nextProbeAt = now + (wait ?? TimeSpan.Zero);
            return (_probeFailures, _nextProbeAt);
        }
    }

    /// <returns>Whether it is news.</returns>
    public bool Disable()
    {
        lock (_lock)
        {
            if (_state is WebhookState.Disabled or WebhookState.Paused)
            {
                return false;
            }
            (_state, _prober) = (WebhookState.Disabled, null);
            return true;
        }
    }

    /// <summary>A person may have had another word meanwhile.</summary>
    public void Stop(WebhookState state)
    {
        lock (_lock)
        {
            _state = state is WebhookState.Paused or WebhookState.Disabled ? state : _state;
        }
    }
}
