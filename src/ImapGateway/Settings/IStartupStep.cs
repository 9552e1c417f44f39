namespace ImapGateway.Settings;

/// <summary>What must be in place before anything of the host starts.</summary>
public interface IStartupStep
{
    /// <exception cref="StartupException">The operator must mend something first.</exception>
    Task RunAsync(CancellationToken cancel);
}
