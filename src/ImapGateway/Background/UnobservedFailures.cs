using System.Collections.Concurrent;

namespace ImapGateway.Background;

/// <summary>
/// Logs the failures of tasks that no code awaits, once per kind: .NET drops them silently. They are noticed when the task is collected, some time after they happened. The message of the
/// exception is not logged, because a mail server may have written it.
/// </summary>
public sealed partial class UnobservedFailures(ILogger<UnobservedFailures> log) : IHostedService
{
    private readonly ConcurrentDictionary<string, bool> _logged = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException += Note;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException -= Note;
        return Task.CompletedTask;
    }

    private void Note(object? task, UnobservedTaskExceptionEventArgs failed)
    {
        failed.SetObserved();
        foreach (var failure in failed.Exception.Flatten().InnerExceptions)
        {
            var kind = failure.GetType().Name;
            if (_logged.TryAdd(kind + failure.StackTrace, true))
            {
                LogUnobserved(kind, failure.StackTrace ?? "");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A task that nobody waits for has failed with {Kind}; this is not logged again for the same place\n{StackTrace}")]
    private partial void LogUnobserved(string kind, string stackTrace);
}
