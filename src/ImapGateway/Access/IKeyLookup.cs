namespace ImapGateway.Access;

/// <summary>Finds keys, but not the admin key of the settings. Keys implements it.</summary>
public interface IKeyLookup
{
    /// <summary>
    /// Finds the key whose value has this SHA-256, with its present rights. Null if there is none, or it has expired, or a key that it was made by has expired.
    /// </summary>
    ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel);

    /// <summary>Finds a key by its id, for work on its behalf that no caller has asked for. It does not count as a use.</summary>
    ValueTask<Caller?> FindByIdAsync(string keyId, CancellationToken cancel);

    /// <summary>Raised after the commit of any change of a key, and when a key that was found has expired. A component that uses a key then looks it up again.</summary>
    event Action? Changed;
}
