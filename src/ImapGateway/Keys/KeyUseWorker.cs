using ImapGateway.Background;

namespace ImapGateway.Keys;

/// <summary>Writes the last uses of keys: once a minute, so that a request costs no write, and once more at the end.</summary>
public sealed class KeyUseWorker(KeyLookup lookup, Loops loops) : LoopService("last uses of keys", loops)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override Task WaitAsync(CancellationToken stopping) => Task.Delay(Interval, Time, stopping);

    protected override Task TurnAsync(CancellationToken stopping) => lookup.FlushUsesAsync(stopping);

    protected override Task LastTurnAsync(CancellationToken cancel) => lookup.FlushUsesAsync(cancel);
}
