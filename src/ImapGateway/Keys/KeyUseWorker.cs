using ImapGateway.Mail;

namespace ImapGateway.Keys;

/// <summary>Writes when keys were last used: once a minute, so that a request costs no write, and once more at the end.</summary>
public sealed partial class KeyUseWorker(KeyLookup lookup, TimeProvider time, ILogger<KeyUseWorker> log) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await FlushAsync(stoppingToken);
        }
    }

    private async Task FlushAsync(CancellationToken cancel)
    {
        try
        {
            await lookup.FlushUsesAsync(cancel);
        }
        catch (ProblemException unavailable)
        {
            LogLater(unavailable.Problem.Detail);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last uses of keys are written later: {Reason}")]
    private partial void LogLater(string reason);
}
