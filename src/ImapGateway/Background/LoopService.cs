namespace ImapGateway.Background;

/// <summary>A service of the host that repeats one piece of work in a <see cref="GuardedLoop"/> until the host stops.</summary>
/// <param name="name">The work of the loop, for the log, the metrics and /health/ready.</param>
public abstract class LoopService(string name, Loops loops) : BackgroundService
{
    public string Name => name;

    protected TimeProvider Time => loops.Time;

    /// <summary>Waits until there is work. Not called after a failure.</summary>
    protected abstract Task WaitAsync(CancellationToken stopping);

    /// <summary>Does the work. Any exception makes it run again after a backoff.</summary>
    protected abstract Task TurnAsync(CancellationToken stopping);

    /// <summary>Does the work that is required when the gateway stops, after the last run. A failure is logged and does not stop anything.</summary>
    protected virtual Task LastTurnAsync(CancellationToken cancel) => Task.CompletedTask;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await LastTurnAsync(cancellationToken);
        }
        catch (Exception failure)
        {
            loops.LastTurnFailed(name, failure);
        }
    }

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var loop = loops.New(name);
        await loop.RunAsync(WaitAsync, TurnAsync, stoppingToken);
    }
}
