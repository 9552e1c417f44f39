using ImapGateway.Mail;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ImapGateway.Storage.Sqlite;

/// <summary>Distinguishes failures of the disk or the file, which concern every job, from failures of one job.</summary>
public static class SqliteFailure
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>True if the storage, not the job, is at fault. Some of these failures end the whole transaction (sqlite.org/lang_transaction.html, section 3).</summary>
    public static bool IsOfStorage(Exception? failure) => Find(failure) is not null;

    /// <summary>True if the disk is full, or a table has no number left for a new row: SQLite has one code for both (https://www.sqlite.org/autoinc.html).</summary>
    public static bool IsFull(Exception failure) => Find(failure) is { SqliteErrorCode: raw.SQLITE_FULL };

    /// <summary>Returns the exception for the caller: a problem if the storage is at fault, else the failure as it is.</summary>
    public static Exception Translate(Exception failure) => Find(failure) switch
    {
        null => failure,
        { SqliteErrorCode: raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB } => Corruption.Damaged(failure),
        { SqliteErrorCode: raw.SQLITE_FULL } => Unavailable("The storage is full; nothing can be written until space is freed.", failure),
        _ => Unavailable("The storage cannot be used at the moment.", failure),
    };

    public static ProblemException Unavailable(string detail, Exception? cause = null)
    {
        var problem = new Problem(ErrorCode.Unavailable, detail, RetryAfter: RetryAfter);
        return cause is null ? new ProblemException(problem) : new ProblemException(problem, cause);
    }

    private static SqliteException? Find(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is SqliteException
                {
                    SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_NOMEM
                    or raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PROTOCOL or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
                } found)
            {
                return found;
            }
        }
        return null;
    }
}
