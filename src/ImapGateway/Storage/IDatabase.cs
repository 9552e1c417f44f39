namespace ImapGateway.Storage;

/// <summary>
/// Runs jobs on the database; there is no other way to it. Every job runs in one transaction on a context that tracks nothing yet and whose settings it does not change, never on the
/// caller's thread or scheduler; what it returns must not be tracked further. A full or unreachable database is a
/// <see cref="Mail.ProblemException"/> with <see cref="Mail.ErrorCode.Unavailable"/>.
/// A job neither starts another one nor waits for anything but its own context, and it may run more than once: it must compute the same from the context
/// it gets each time and change nothing outside of it.
/// </summary>
public interface IDatabase
{
    /// <summary>Runs a query in parallel with other reads and writes, on one snapshot of what was committed when its first query began. It tracks nothing.</summary>
    Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel);

    /// <summary>
    /// Runs a job, calls SaveChanges after it, and completes after the commit: only then may the caller change its memory. An exception of the job rolls back
    /// this job alone. Cancellation counts only until the job has begun.
    /// SQLite runs one job after the other, in the order of the calls. On PostgreSQL jobs run in parallel, each on a snapshot: of two that change the same row one is run
    /// again and then sees the other's changes. A job that decides by rows which it only reads needs a constraint. Wait for one job before the next
    /// if their order matters.
    /// If the connection is lost during the commit, nobody knows whether it was committed: the caller gets Unavailable, and must read before it relies on either.
    /// </summary>
    Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel);
}
