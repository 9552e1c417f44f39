namespace ImapGateway.Imap;

/// <summary>Where work on an account's mail server runs: a session of the pool, or the watcher's own.</summary>
public interface ISessionRunner
{
    /// <summary>One command after the other on a session that nobody else uses meanwhile.</summary>
    /// <param name="mailbox">The path the job will select, if any.</param>
    /// <param name="repeatable">Running the job twice does no harm.</param>
    /// <param name="job">MailKit's exceptions leave as <see cref="Mail.ProblemException"/>.</param>
    /// <param name="cancel">Lets go of the result, never of a running command.</param>
    Task<T> RunAsync<T>(string? mailbox, bool repeatable, Func<ImapSession, Task<T>> job, CancellationToken cancel);
}
