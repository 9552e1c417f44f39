namespace ImapGateway.Storage;

/// <summary>
/// The only way to the database. Every job runs in one transaction on a context that tracks nothing yet and whose settings it leaves alone, never on the
/// caller's thread or scheduler; what it returns must not be tracked further. A full or unreachable database is a
/// <see cref="Mail.ProblemException"/> with <see cref="Mail.ErrorCode.Unavailable"/>.
/// A job neither starts another one nor waits for anything but its own context.
/// </summary>
public interface IDatabase
{
    /// <summary>Runs beside other reads and beside the writer, on one snapshot of what was committed when its first query began; tracks nothing.</summary>
    Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel);

    /// <summary>
    /// Runs when its turn comes, in the order of the calls; calls SaveChanges after the job, and completes after the commit: only then may the caller
    /// change its memory. An exception of the job rolls back this job alone. Cancellation counts only until the job has begun.
    /// A job may run more than once (its transaction may die of another job's full disk): it must compute the same from the context it gets each time and
    /// change nothing outside of it.
    /// </summary>
    Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel);
}
