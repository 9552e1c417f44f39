namespace ImapGateway.Imap;

/// <summary>Runs work on an account's mail server: on a session of the pool, or on the watcher's own.</summary>
public interface ISessionRunner
{
    /// <summary>Runs one command after the other on a session that no other caller uses meanwhile.</summary>
    /// <param name="mailbox">The path the job will select, if any.</param>
    /// <param name="repeatable">True if running the job twice does no harm.</param>
    /// <param name="job">The job to run. Exceptions of MailKit are converted to <see cref="Mail.ProblemException"/>.</param>
    /// <param name="cancel">Abandons the result, never a running command.</param>
    Task<T> RunAsync<T>(string? mailbox, bool repeatable, Func<ImapSession, Task<T>> job, CancellationToken cancel);
}
