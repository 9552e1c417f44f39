namespace ImapGateway.Storage;

/// <summary>
/// The epoch of the database: 0 until it is restored from a backup for the first time, another and larger number after each restore. Ids and positions for clients contain it, so that
/// one that was given after the backup, and is lost, is never taken for one that is given after the restore.
/// </summary>
public sealed class StoreEpoch
{
    private long? _value;

    /// <summary>The epoch; it does not change while the process runs.</summary>
    /// <exception cref="InvalidOperationException">The store is not open yet.</exception>
    public long Value
    {
        get => _value ?? throw new InvalidOperationException("The store is not open yet.");
        set => _value = value;
    }
}
