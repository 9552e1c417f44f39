using System.Net.Sockets;
using ImapGateway.Mail;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>The meaning of a failure for the job that had it.</summary>
internal enum PostgresFault
{
    /// <summary>A failure of the job itself.</summary>
    OfJob,

    /// <summary>A conflict: another transaction was faster, and the job may decide otherwise on the rows that it has left.</summary>
    Conflict,

    /// <summary>The connection was lost, the server may be well.</summary>
    Broken,

    /// <summary>The server is unavailable, full or not usable.</summary>
    Away,

    /// <summary>The database is damaged.</summary>
    Corrupt,
}

/// <summary>Distinguishes failures of the server or the connection from failures of one job, by SQLSTATE (PostgreSQL manual, appendix A).</summary>
internal static class PostgresFailure
{
    /// <summary>The SQLSTATE of internal errors, also of "tuple concurrently updated" and other failures that are over at the next attempt: not a sign of damage.</summary>
    private const string InternalError = "XX000";
    private const string IdleInTransaction = "25P03";
    private const string SequenceAtItsEnd = "2200H";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public static PostgresFault Classify(Exception failure) => Find(failure) switch
    {
        null => PostgresFault.OfJob,
        PostgresException answer => Classify(answer.SqlState),
        // A server that was silent too long, or that cannot be connected to, is not asked again at once. (A connection that breaks later is an IOException.)
        { InnerException: TimeoutException or SocketException } => PostgresFault.Away,
        _ => PostgresFault.Broken,
    };

    /// <summary>True if the server may have committed although the job failed: it has not reported a failure.</summary>
    public static bool LeavesCommitInDoubt(Exception failure) =>
        failure is OperationCanceledException || (Find(failure) is { } found && (found is not PostgresException answer || answer.SqlState.StartsWith("57P", StringComparison.Ordinal)));

    /// <summary>True if the failure is how a cancelled command ends.</summary>
    public static bool IsCancellation(Exception? failure) => failure is OperationCanceledException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } || failure is { InnerException: { } inner } && IsCancellation(inner);

    /// <summary>Returns the exception for the caller: a problem if the storage is at fault, else the failure as it is.</summary>
    public static Exception Translate(Exception failure) => Classify(failure) switch
    {
        PostgresFault.OfJob => failure,
        PostgresFault.Corrupt => Corruption.Damaged(failure),
        PostgresFault.Conflict when IsConstraint(failure) => failure,
        PostgresFault.Conflict => Unavailable("Too many write to the same place at once.", failure),
        _ when Find(failure) is PostgresException { SqlState: PostgresErrorCodes.DiskFull } => Unavailable("The storage is full; nothing can be written until space is freed.", failure),
        _ => Unavailable("The storage cannot be used at the moment.", failure),
    };

    public static bool IsConstraint(Exception failure) => Find(failure) is PostgresException { SqlState: ['2', '3', ..] };

    public static ProblemException Unavailable(string detail, Exception? cause = null)
    {
        var problem = new Problem(ErrorCode.Unavailable, detail, RetryAfter: RetryAfter);
        return cause is null ? new ProblemException(problem) : new ProblemException(problem, cause);
    }

    private static PostgresFault Classify(string state) => state switch
    {
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected => PostgresFault.Conflict,
        // On a snapshot a job cannot see the row that conflicts with it, or that its parent is gone.
        PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation => PostgresFault.Conflict,
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.IdleSessionTimeout or IdleInTransaction => PostgresFault.Broken,
        // A server that became a standby; rights that were revoked; a database that was dropped.
        PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidCatalogName => PostgresFault.Away,
        // A sequence that has no number left was driven to its end by damage: see UsableNumbers.
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted or SequenceAtItsEnd => PostgresFault.Corrupt,
        InternalError => PostgresFault.Away,
        // Connection, authorisation, resources, operator, system.
        _ when state[..2] is "08" or "28" or "53" or "57" or "58" => PostgresFault.Away,
        _ => PostgresFault.OfJob,
    };

    private static NpgsqlException? Find(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is NpgsqlException found)
            {
                return found;
            }
        }
        return null;
    }
}
