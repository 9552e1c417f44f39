using ImapGateway.Background;
using ImapGateway.Mail;

namespace ImapGateway.Keys;

/// <summary>Writes when keys were last used: once a minute, so that a request costs no write, and once more at the end.</summary>
public sealed partial class KeyUseWorker(KeyLookup lookup, Loops loops, ILogger<KeyUseWorker> log) : LoopService("last uses of keys", loops)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await lookup.FlushUsesAsync(cancellationToken);
        }
        catch (ProblemException unavailable)
        {
            LogLost(unavailable.Problem.Detail);
        }
    }

    protected override Task WaitAsync(CancellationToken stopping) => Task.Delay(Interval, Time, stopping);

    protected override Task TurnAsync(CancellationToken stopping) => lookup.FlushUsesAsync(stopping);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last uses of keys since a minute ago are not written: {Reason}")]
    private partial void LogLost(string reason);
}
