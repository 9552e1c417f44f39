using ImapGateway.Mail;

namespace ImapGateway.Storage;

/// <summary>
/// Remembers whether the database is damaged. Once it is, nothing is written until the gateway is started again: every further write could spread the damage, and destroy
/// data that a repair could still save.
/// </summary>
public sealed partial class Corruption(ILogger log)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private volatile ProblemException? _found;

    /// <summary>The problem for callers; null while no damage is known.</summary>
    public ProblemException? Found => _found;

    public void ThrowIfFound()
    {
        if (_found is { } found)
        {
            throw new ProblemException(found.Problem, found);
        }
    }

    /// <summary>Records the failure if it shows that the database is damaged.</summary>
    public void Note(Exception failure)
    {
        if (failure is ProblemException { Code: ErrorCode.StorageCorrupt } damage && Interlocked.CompareExchange(ref _found, damage, null) is null)
        {
            LogDamaged(damage.InnerException?.Message ?? damage.Message);
        }
    }

    public static ProblemException Damaged(Exception cause) =>
        new(new Problem(ErrorCode.StorageCorrupt, "The database is damaged. Nothing is written any more; the log of the gateway tells its operator what to do.", RetryAfter: RetryAfter), cause);

    [LoggerMessage(
        LogLevel.Critical,
        "The database is damaged, and nothing is written any more. Stop the gateway, keep a copy of the database as it is, check the disk, restore the database from a backup, and start the gateway again: {Reason}")]
    private partial void LogDamaged(string reason);
}
