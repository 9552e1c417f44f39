namespace ImapGateway.Access;

/// <summary>Finds keys; the admin key of the settings is none of them. Keys implements it.</summary>
public interface IKeyLookup
{
    /// <summary>
    /// The key whose value has this SHA-256, with its rights as they stand now; null where there is none, or it has expired, or a key it was made by has.
    /// </summary>
    ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel);

    /// <summary>The same by the key's id, for what works on its behalf when nobody presents it. It does not count as a use.</summary>
    ValueTask<Caller?> FindByIdAsync(string keyId, CancellationToken cancel);

    /// <summary>After the commit of any change of a key, and when a key that was found has expired: who has one in use asks for it again.</summary>
    event Action? Changed;
}
