namespace ImapGateway.Storage;

/// <summary>
/// The only way to the database. Every job runs in one transaction on a context of its own; what it returns must not be tracked further.
/// A full or unreachable database is a <see cref="Mail.ProblemException"/> with <see cref="Mail.ErrorCode.Unavailable"/>.
/// </summary>
public interface IDatabase
{
    /// <summary>Runs beside other reads and beside the writer; tracks nothing.</summary>
    Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel);

    /// <summary>
    /// Runs when its turn comes, calls SaveChanges after the job, and completes after the commit: only then may the caller change its memory.
    /// An exception of the job rolls back this job alone. Cancellation counts only until the job has begun.
    /// </summary>
    Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel);
}
