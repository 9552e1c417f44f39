using ImapGateway.Background;

namespace ImapGateway.Http;

/// <summary>Removes expired responses in batches that are small enough not to block other writes.</summary>
public sealed class IdempotencyPurgeWorker(IdempotencyStore store, Loops loops) : LoopService("idempotency purge", loops)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private const int Batch = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    protected override Task WaitAsync(CancellationToken stopping) => Task.Delay(Interval, Time, stopping);

    protected override async Task TurnAsync(CancellationToken stopping)
    {
        while (await store.PurgeAsync(Batch, stopping) == Batch)
        {
            await Task.Delay(Pause, Time, stopping);
        }
    }
}
