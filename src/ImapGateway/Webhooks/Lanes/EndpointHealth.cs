using ImapGateway.Webhooks.Endpoints;



namespace ImapGateway.Webhooks.Lanes;

/// <summary>Decides whether an endpoint accepts deliveries, and which of its lanes tests this. It does no IO and is thread-safe.</summary>
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

    /// <summary>Loads the state of the endpoint from its row.</summary>
    /// <returns>True if the endpoint is active again.</returns>
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

    /// <summary>Returns the state of the endpoint for a lane. While the endpoint is failing, the first lane that asks and has something to send becomes the prober, which tries for all lanes.</summary>
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

    /// <returns>True if the lane was the prober. Another lane may be it now.</returns>
    public bool Release(object lane)
    {
        lock (_lock)
        {
            var was = _prober == lane;
            _prober = was ? null : _prober;
            return was;
        }
    }

    /// <returns>True if the endpoint was failing until now.</returns>
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

    /// <summary>Marks the endpoint as failing, because there is no proof that it is alive. From now on the lane is the prober, by the schedule of the item that caused the suspicion.</summary>
    /// <returns>True if the state has changed.</returns>
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

    /// <summary>Counts an attempt with a change that was never tried before, while the endpoint is failing. It is called before the attempt.</summary>
    public void CandidateSent()
    {
        lock (_lock)
        {
            _candidates = Math.Max(0, _candidates - 1);
        }
    }

    /// <param name="random">A random number from 0 to 1.</param>
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

    /// <returns>True if the state has changed.</returns>
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

    /// <summary>Applies the state of the row if it is paused or disabled: a user may have changed it meanwhile.</summary>
    public void Stop(WebhookState state)
    {
        lock (_lock)
        {
            _state = state is WebhookState.Paused or WebhookState.Disabled ? state : _state;
        }
    }
}
