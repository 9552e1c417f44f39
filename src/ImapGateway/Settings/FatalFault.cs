namespace ImapGateway.Settings;

/// <summary>
/// Ends the process at once, with <see cref="ExitCode"/>, after a failure that makes further work impossible, so that a supervisor starts it again. There is no orderly stop: it would go on
/// writing and sending for seconds, and committed data survive a sudden end at any time.
/// </summary>
public sealed partial class FatalFault(IEnumerable<ILoggerProvider> logs, ILogger<FatalFault> log)
{
    /// <summary>The exit code after a fatal failure. It differs from 1, which means that the operator must correct something before a start can succeed.</summary>
    public const int ExitCode = 3;

    /// <summary>Ends the process and does not return.</summary>
    public void End(Exception failure)
    {
        LogFatal(failure.Message, failure);
        // Stdout belongs to the log, which may be configured to show nothing.
        Console.Error.WriteLine($"The gateway ends: {failure.Message}");
        // The console logger writes in the background; disposing it waits until the lines are written. The logger factory does not dispose it.
        foreach (var provider in logs)
        {
            provider.Dispose();
        }
        Environment.Exit(ExitCode);
    }

    [LoggerMessage(LogLevel.Critical, "The gateway cannot continue and ends with exit code 3: {Reason}")]
    private partial void LogFatal(string reason, Exception failure);
}
