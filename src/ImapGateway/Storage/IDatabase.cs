namespace ImapGateway.Storage;

/// <summary>
/// The only way to the database. Every job runs in one transaction on a context that tracks nothing yet and whose settings it leaves alone, never on the
/// caller's thread or scheduler; what it returns must not be tracked further. A full or unreachable database is a
/// <see cref="Mail.ProblemException"/> with <see cref="Mail.ErrorCode.Unavailable"/>.
/// A job neither starts another one nor waits for anything but its own context, and it may run more than once: it must compute the same from the context
/// it gets each time and change nothing outside of it.
/// </summary>
public interface IDatabase
{
    /// <summary>Runs beside other reads and beside writers, on one snapshot of what was committed when its first query began; tracks nothing.</summary>
    Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel);

    /// <summary>
    /// Calls SaveChanges after the job, and completes after the commit: only then may the caller change its memory. An exception of the job rolls back
    /// this job alone. Cancellation counts only until the job has begun.
    /// SQLite runs one job after the other, in the order of the calls. On PostgreSQL jobs run side by side, each on a snapshot: of two that change the same row one is run
    /// again and then sees the other's work; where a job decides by rows which it only reads, a constraint must stand behind it. Wait for one job before the next
    /// where their order matters.
    /// If the database is lost while it commits, nobody knows whether it did: the caller hears Unavailable, and must look before it relies on either.
    /// </summary>
    Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel);
}
