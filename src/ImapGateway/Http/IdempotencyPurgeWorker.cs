using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>Removes expired answers in batches small enough not to hold up other writes.</summary>
public sealed partial class IdempotencyPurgeWorker(IdempotencyStore store, TimeProvider time, ILogger<IdempotencyPurgeWorker> log) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private const int Batch = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await store.PurgeAsync(Batch, stoppingToken) == Batch)
                {
                    await Task.Delay(Pause, time, stoppingToken);
                }
            }
            catch (ProblemException unavailable)
            {
                LogLater(unavailable.Problem.Detail);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired answers stay until the next round: {Reason}")]
    private partial void LogLater(string reason);
}
