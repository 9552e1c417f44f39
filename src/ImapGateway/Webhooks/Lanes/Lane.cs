using System.Collections.Concurrent;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>A delivery queue: the changes of one account for one endpoint. Only its loop accesses its window. It costs nothing while there is nothing to do.</summary>
public sealed class Lane(LaneRef lane, long cursor, EndpointRunner endpoint, DeliveryContext context)
{
    /// <summary>The number of changes that are read at once, and so kept in memory for a slow receiver.</summary>
    private const int Batch = 32;

    /// <summary>The pause after a delivery that could not be prepared because the storage is away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly LaneWindow _window = new(cursor, endpoint.Width, context.OrderHold, context.Schedule);

    /// <summary>The calls of unordered deliveries, until their results are applied.</summary>
    private readonly List<Task<(LaneItem Item, LaneStep Step, Attempt? Attempt)>> _calls = [];
    private readonly ConcurrentQueue<bool> _recoveries = new();
    private readonly ConcurrentQueue<(DateTimeOffset Before, TaskCompletionSource Done)> _expiries = new();
    private readonly Signal _wake = new();
    private Dictionary<long, DeliveryEntity>? _ahead;
    private (long After, Task<IReadOnlyList<LoggedChange>> Rows)? _reading;
    private volatile bool _isBehind = true;
    private volatile bool _isLost;
    private long _written = cursor;
    private long _end = lane.End ?? long.MaxValue;

    public LaneRef Ref => lane;

    /// <summary>The cursor, for callers that show what is still to be delivered.</summary>
    public long Cursor => Interlocked.Read(ref _written);

    /// <summary>Reports that the log has more changes after those that were read.</summary>
    public void Written()
    {
        _isBehind = true;
        _wake.Wake();
    }

    public void Wake() => _wake.Wake();

    public void Recovered(bool anew) => _recoveries.Enqueue(anew);

    /// <summary>Gives up deliveries that are older than a time. The task ends when this is passed to the outcome writer.</summary>
    public Task ExpireAsync(DateTimeOffset before)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _expiries.Enqueue((before, done));
        _wake.Wake();
        return done.Task;
    }

    /// <summary>Ends the lane as soon as none of its deliveries is in flight.</summary>
    public void LetGo()
    {
        _isLost = true;
        _wake.Wake();
    }

    /// <summary>True if the lane has ended by a failure. Its memory is then worthless: it must start again where its row says.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Runs until the lane is cancelled, released, at its final end, or fails. It returns when nothing of the lane runs any more: what its tasks use may be disposed then.</summary>
    public async Task RunAsync(GuardedLoop loop, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await RunTurnsAsync(loop, end.Token);
        // The calls of a lane that has failed would be repeated anyway, when it starts again.
        await end.CancelAsync();
        await Task.WhenAll([.. _calls, _reading?.Rows ?? Task.CompletedTask]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunTurnsAsync(GuardedLoop loop, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested && (!_isLost && !IsAtEnd || _window.InFlight > 0))
        {
            var failure = await loop.TryAsync(token => TurnAsync(_wake.Next, token), cancel);
            // If the storage is away, the read is repeated later.
            _isBehind |= failure is not null;
            HasFailed = failure is not (null or ProblemException);
            if (HasFailed)
            {
                return;
            }
        }
        if (IsAtEnd && !cancel.IsCancellationRequested)
        {
            context.Outcomes.Ended(lane, _window.Cursor);
        }
    }

    private bool IsAtEnd => _window.Cursor >= _end;

    private async Task TurnAsync(Task next, CancellationToken cancel)
    {
        await TakeEndedAsync();
        _ahead ??= lane.IsReplay ? [] : (await context.Lanes.AheadAsync(lane, _window.Cursor, cancel)).ToDictionary(row => row.Sequence);
        while (!_isLost && _expiries.TryDequeue(out var expiry))
        {
            await ExpireAsync(expiry.Before, cancel);
            expiry.Done.SetResult();
        }
        if (!endpoint.IsRunning || _isLost)
        {
            if (!_isLost || _window.InFlight > 0)
            {
                await Waiting.UntilAsync(next, null, context.Time, cancel);
            }
            return;
        }
        await ReadAheadAsync(cancel);
        Tell();
        if (!IsAtEnd)
        {
            await StepAsync(next, cancel);
        }
    }

    private async Task StepAsync(Task next, CancellationToken cancel)
    {
        var step = _window.Next(context.Time.GetUtcNow(), endpoint.HealthFor(this, _window.HasPending));
        switch (step)
        {
            case { Kind: LaneStepKind.Send, Item: { } item }:
                _window.Sent(item);
                if (endpoint.Width == 1)
                {
                    await EndAsync(item, step, await TryAsync(item, step, cancel));
                }
                else
                {
                    var call = SendAsync(item, step, cancel);
                    _calls.Add(call);
                    WakeAfter(call);
                }
                break;
            case { Kind: LaneStepKind.SetApart, Item: { } item }:
                item.NextAt ??= context.Time.GetUtcNow();
                context.Outcomes.Add(lane, item.Outcome(lane, item.IsExhausted ? DeliveryState.Dead : DeliveryState.Retrying, context.Time.GetUtcNow()));
                _window.SetApart(item, context.Time.GetUtcNow());
                endpoint.Signal.Wake();
                break;
            case { Kind: LaneStepKind.Suspect, Item: { } item }:
                await endpoint.SuspectAsync(this, item);
                break;
            case { Kind: LaneStepKind.GiveUp }:
                await endpoint.DisableAsync(DisableReason.Exhausted);
                break;
            default:
                if (!_window.HasPending)
                {
                    endpoint.Release(this);
                }
                _isBehind |= _window.Trim();
                await Waiting.UntilAsync(next, step.Until, context.Time, cancel);
                break;
        }
    }

    private async Task<(LaneItem Item, LaneStep Step, Attempt? Attempt)> SendAsync(LaneItem item, LaneStep step, CancellationToken cancel)
    {
        try
        {
            return (item, step, await TryAsync(item, step, cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return (item, step, null);
        }
    }

    /// <returns>The attempt, or null if nothing was sent, because the endpoint must not get it, or not now.</returns>
    private async Task<Attempt?> TryAsync(LaneItem item, LaneStep step, CancellationToken cancel)
    {
        try
        {
            return await CallAsync(item, step, cancel);
        }
        catch (ProblemException)
        {
            // The storage is away: nothing was sent without a record in it, and the delivery is tried again.
            await Task.Delay(Patience, context.Time, cancel);
            return null;
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // This item cannot be sent, whatever the reason is. It fails by the schedule, and delays the others no longer than any failed item.
            return context.Sender.Failed(lane.Webhook, failure);
        }
    }

    private async Task<Attempt?> CallAsync(LaneItem item, LaneStep step, CancellationToken cancel)
    {
        await context.Outcomes.RoomAsync(cancel);
        var webhook = endpoint.Webhook;
        if (await endpoint.RightsAsync(cancel) is not { } key)
        {
            return null;
        }
        if (!key.MaySee(item.Change.Account))
        {
            item.IsUnseen = true;
            return null;
        }
        if (await item.PrepareAsync(webhook.Row, key, context.Payloads, cancel))
        {
            context.Outcomes.Add(lane, item.Outcome(lane, DeliveryState.Pending, context.Time.GetUtcNow()));
            await context.Outcomes.WrittenAsync(cancel);
        }
        using var slot = await endpoint.CallAsync(cancel);
        if (!endpoint.IsRunning || _isLost)
        {
            return null;
        }
        if (step.IsCandidate)
        {
            endpoint.CandidateSent();
        }
        return await item.SendAsync(webhook, context.Sender, cancel);
    }

    private async Task TakeEndedAsync()
    {
        while (_recoveries.TryDequeue(out var anew))
        {
            _window.Recovered(context.Time.GetUtcNow(), anew);
        }
        while (_calls.Find(call => call.IsCompleted) is { } ended)
        {
            _calls.Remove(ended);
            var (item, step, attempt) = await ended;
            await EndAsync(item, step, attempt);
        }
    }

    private async Task EndAsync(LaneItem item, LaneStep step, Attempt? attempt)
    {
        if (attempt is null)
        {
            _window.Returned(item);
            if (item.IsUnseen)
            {
                _window.Drop(item);
            }
            return;
        }
        item.Attempts = AttemptLog.Add(item.Attempts, attempt);
        item.Answer = attempt.Answer;
        if (attempt.Succeeded)
        {
            _window.Succeeded(item);
            context.Outcomes.Add(lane, item.Outcome(lane, DeliveryState.Delivered, context.Time.GetUtcNow()));
            await endpoint.SucceededAsync();
            return;
        }
        var wasFailing = endpoint.State == WebhookState.Failing;
        _window.Failed(item, context.Time.GetUtcNow(), attempt.RetryAfter, counts: !wasFailing, Random.Shared.NextDouble());
        context.Outcomes.Add(lane, item.Outcome(lane, DeliveryState.Pending, context.Time.GetUtcNow()));
        if (item.FailedHere)
        {
            // The schedule of the endpoint does not count it.
            return;
        }
        if (attempt.IsGone)
        {
            await endpoint.DisableAsync(DisableReason.Gone);
        }
        else if (wasFailing && step.IsProbe)
        {
            _window.ProbeFailed();
            await endpoint.ProbeFailedAsync(attempt.RetryAfter);
        }
        else if (step.IsCandidate)
        {
            _window.CompanionTried();
        }
    }

    /// <summary>Reads the next batch while the present one is delivered.</summary>
    private async Task ReadAheadAsync(CancellationToken cancel)
    {
        if (_reading is null && _isBehind && _window.IsLow)
        {
            _isBehind = false;
            var rows = context.Log.ReadAsync(lane.Incarnation, _window.LastRead, Batch, cancel);
            _reading = (_window.LastRead, rows);
            WakeAfter(rows);
        }
        if (_reading is { } reading && (reading.Rows.IsCompleted || !_window.HasPending))
        {
            _reading = null;
            var batch = await reading.Rows;
            if (reading.After == _window.LastRead)
            {
                await AddAsync(batch, cancel);
            }
            else
            {
                // The window has removed some items meanwhile (see Trim): there would be a gap between its items and these.
                _isBehind = true;
            }
        }
    }

    private async Task AddAsync(IReadOnlyList<LoggedChange> batch, CancellationToken cancel)
    {
        var again = lane.IsReplay && batch.Count > 0 ? await context.Lanes.OutcomesAsync(lane.Webhook, batch, cancel) : [];
        _isBehind |= batch.Count == Batch;
        if (batch.Count > 0 && batch[0].Sequence > _window.LastRead + 1)
        {
            // The retention limit has passed the lane.
            await endpoint.ExpiredAsync(context.Time.GetUtcNow());
        }
        foreach (var change in batch.TakeWhile(change => change.Sequence <= _end))
        {
            if (change.Type == ChangeType.AccountRemoved)
            {
                _end = Math.Min(_end, change.Sequence);
            }
            var known = _ahead!.Remove(change.Sequence, out var row) ? row : null;
            if (known is null or { State: DeliveryState.Pending } && endpoint.Webhook.Filter.Admits(change))
            {
                _window.Add(again.TryGetValue(change.Sequence, out var earlier) ? LaneItem.Again(change, earlier) : LaneItem.Of(change, known));
            }
            else
            {
                _window.ReadTo(change.Sequence);
            }
        }
    }

    private async Task ExpireAsync(DateTimeOffset before, CancellationToken cancel)
    {
        var now = context.Time.GetUtcNow();
        var any = false;
        while (true)
        {
            await ReadAheadAsync(cancel);
            if (_window.First is not { InFlight: false } first || first.Change.Timestamp >= before)
            {
                break;
            }
            any = true;
            context.Outcomes.Add(lane, first.Outcome(lane, DeliveryState.Expired, now));
            _window.Drop(first);
        }
        Tell();
        if (any)
        {
            await endpoint.ExpiredAsync(now);
        }
    }

    private void WakeAfter(Task task) => task.ContinueWith(static (_, wake) => ((Signal)wake!).Wake(), _wake, TaskScheduler.Default);

    private void Tell()
    {
        if (_window.Cursor > _written)
        {
            Interlocked.Exchange(ref _written, _window.Cursor);
            context.Outcomes.Moved(lane, _window.Cursor);
        }
    }
}
