namespace ImapGateway.Settings;

/// <summary>A step that must be complete before anything of the host starts.</summary>
public interface IStartupStep
{
    /// <exception cref="StartupException">The operator must correct something first.</exception>
    Task RunAsync(CancellationToken cancel);
}
