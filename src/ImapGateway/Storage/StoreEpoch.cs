namespace ImapGateway.Storage;

/// <summary>
/// The epoch of the database: 0 until it is restored from a backup for the first time, another and larger number after each restore. What is given to clients carries it, so that
/// what was given after the backup, and is lost, is never taken for something that is given after the restore.
/// </summary>
public sealed class StoreEpoch
{
    private long? _value;

    /// <summary>The same for the life of the process, from the start on.</summary>
    /// <exception cref="InvalidOperationException">The store is not open yet.</exception>
    public long Value
    {
        get => _value ?? throw new InvalidOperationException("The store is not open yet.");
        set => _value = value;
    }
}
