using System.Collections.Concurrent;
using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>Runs the lanes of all endpoints on this node, and adds lanes for each new account.</summary>
public sealed class DeliveryWorker(DeliveryContext context, WebhookRights rights, WebhookStates states, WebhookStore store, WebhookProtector protector, IKeyLookup keys) : LoopService("webhooks", context.Loops), IEndpointLanes
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastCalls = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, EndpointRunner> _endpoints = new();
    private readonly ConcurrentDictionary<string, ImmutableList<Lane>> _lanes = new();
    private readonly ConcurrentDictionary<string, bool> _seen = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Signal _wake = new();
    private Task _woken = Task.CompletedTask;
    private volatile bool _incomplete = true;

    public async Task FollowAsync(GatewayDbContext db, WebhookEntity webhook, Caller rights, CancellationToken cancel)
    {
        var followed = Followed(webhook, rights);
        if (followed is not null)
        {
            var named = followed.ToList();
            await db.Set<LaneEntity>().Where(lane => lane.Webhook == webhook.Id && !named.Contains(lane.Account)).ExecuteDeleteAsync(cancel);
        }
        await LaneStore.AddMissingAsync(db, webhook, followed, isNew: true, cancel);
    }

    public async Task ChangedAsync(string id, bool startAgain, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            var row = await store.FindAsync(id, cancel);
            if (row is null || startAgain)
            {
                await EndAsync(id, row is null ? TimeSpan.Zero : LastCalls, cancel);
            }
            if (row is not null)
            {
                await FollowAsync(row, cancel);
                _endpoints[id].Replace(LoadedWebhook.Of(row, protector));
                await _endpoints[id].DisableIfFaultyAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Wakes the endpoint to send a delivery once more.</summary>
    public void Redeliver(string id)
    {
        if (_endpoints.TryGetValue(id, out var endpoint))
        {
            endpoint.Signal.Wake();
        }
    }

    /// <summary>Tells lanes to give up deliveries that are older than a time. A lane that waits for an answer at the moment is not waited for.</summary>
    public Task ExpireAsync(IReadOnlySet<long> lanes, DateTimeOffset before, CancellationToken cancel)
    {
        var expired = Task.WhenAll(_lanes.Values.SelectMany(each => each).Where(lane => lanes.Contains(lane.Ref.Id)).Select(lane => lane.ExpireAsync(before)));
        return Task.WhenAny(expired, Task.Delay(LastCalls, context.Time, cancel));
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        context.Log.Written += OnWritten;
        context.Outcomes.Lost += OnLost;
        keys.Changed += OnKeysChanged;
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_endpoints.Values.Select(endpoint => endpoint.LetGoAsync(LastCalls, cancellationToken)));
        await base.StopAsync(cancellationToken);
        context.Log.Written -= OnWritten;
        context.Outcomes.Lost -= OnLost;
        keys.Changed -= OnKeysChanged;
        await Task.WhenAll(_endpoints.Keys.ToList().Select(id => EndAsync(id, TimeSpan.Zero, cancellationToken)));
    }

    protected override Task WaitAsync(CancellationToken stopping) => Waiting.UntilAsync(_woken, Time.GetUtcNow() + Look, Time, stopping);

    protected override Task TurnAsync(CancellationToken stopping)
    {
        _woken = _wake.Next;
        return GuardedLoop.ForEachAsync<Func<CancellationToken, Task>>([FollowAllAsync, CheckAllRightsAsync, WakeThoseBehindAsync], step => step(stopping), stopping);
    }

    private Task CheckAllRightsAsync(CancellationToken cancel) =>
        GuardedLoop.ForEachAsync(_endpoints.Values.Where(endpoint => endpoint.IsRunning), endpoint => endpoint.RightsAsync(cancel), cancel);

    private async Task WakeThoseBehindAsync(CancellationToken cancel)
    {
        foreach (var incarnation in await context.Lanes.BehindAsync(cancel))
        {
            OnWritten(incarnation);
        }
    }

    private async Task FollowAllAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (_incomplete)
            {
                _incomplete = false;
                var unseen = _seen.Where(seen => !seen.Value).Select(seen => seen.Key).ToList();
                await GuardedLoop.ForEachAsync(await store.AllAsync(cancel), row => FollowAsync(row, cancel), cancel);
                unseen.ForEach(incarnation => _seen[incarnation] = true);
            }
        }
        catch
        {
            _incomplete = true;
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Starts the endpoint, with a lane for each account that it may follow.</summary>
    private async Task FollowAsync(WebhookEntity row, CancellationToken cancel)
    {
        if (!_endpoints.TryGetValue(row.Id, out var endpoint))
        {
            endpoint = _endpoints[row.Id] = new EndpointRunner(LoadedWebhook.Of(row, protector), context, rights, states);
            endpoint.Start();
            await endpoint.DisableIfFaultyAsync();
        }
        if (await rights.FindAsync(row, cancel) is { } key)
        {
            await context.Lanes.AddMissingAsync(row, Followed(row, key), cancel);
        }
        foreach (var lane in await endpoint.ClaimAsync(cancel))
        {
            _seen[lane.Ref.Incarnation] = true;
            _lanes.AddOrUpdate(lane.Ref.Incarnation, [lane], (_, lanes) => lanes.Add(lane));
            endpoint.Run(lane, Ended);
        }
    }

    /// <summary>Returns the accounts that the endpoint follows, or null for all accounts.</summary>
    private static ImmutableHashSet<string>? Followed(WebhookEntity row, Caller key) =>
        row.Accounts is { } named ? [.. named.Where(key.MaySee)] : key.Accounts;

    private async Task EndAsync(string id, TimeSpan patience, CancellationToken cancel)
    {
        if (!_endpoints.TryRemove(id, out var endpoint))
        {
            return;
        }
        if (patience > TimeSpan.Zero)
        {
            await endpoint.LetGoAsync(patience, cancel);
            await context.Outcomes.WrittenAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        foreach (var lane in endpoint.Lanes)
        {
            Forget(lane);
        }
        await endpoint.DisposeAsync();
    }

    private void Ended(Lane lane)
    {
        Forget(lane);
        // Unless the lane is at its end, the next round starts it again from its row: it has failed, or its outcomes could not be written.
        _incomplete = true;
    }

    private void Forget(Lane lane)
    {
        _lanes.AddOrUpdate(lane.Ref.Incarnation, [], (_, lanes) => lanes.Remove(lane));
        _lanes.TryRemove(new KeyValuePair<string, ImmutableList<Lane>>(lane.Ref.Incarnation, []));
    }

    private void OnWritten(string incarnation)
    {
        if (_lanes.TryGetValue(incarnation, out var lanes))
        {
            foreach (var lane in lanes)
            {
                lane.Written();
            }
        }
        if (!_seen.GetOrAdd(incarnation, false))
        {
            _incomplete = true;
            _wake.Wake();
        }
    }

    private void OnLost(LaneRef lost)
    {
        foreach (var lane in _lanes.GetValueOrDefault(lost.Incarnation, []).Where(lane => lane.Ref == lost))
        {
            lane.LetGo();
        }
    }

    private void OnKeysChanged()
    {
        _incomplete = true;
        _wake.Wake();
    }
}
