namespace ImapGateway.Settings;

/// <summary>
/// A failure that the process cannot work after: it stops in order and ends with <see cref="ExitCode"/>, so that whoever supervises it starts it again.
/// </summary>
public sealed partial class FatalFault(IHostApplicationLifetime lifetime, ILogger<FatalFault> log)
{
    /// <summary>Other than 1, which says that starting again changes nothing until the operator has corrected something.</summary>
    public const int ExitCode = 3;

    private volatile bool _happened;

    public bool HasHappened => _happened;

    public void Report(Exception failure)
    {
        _happened = true;
        LogFatal(failure);
        lifetime.StopApplication();
    }

    [LoggerMessage(LogLevel.Critical, "The gateway cannot go on after this failure; it stops with the exit code 3")]
    private partial void LogFatal(Exception failure);
}
