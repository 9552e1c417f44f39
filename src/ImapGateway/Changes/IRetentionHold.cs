namespace ImapGateway.Changes;

/// <summary>Keeps changes that retention would delete, because they are still to be delivered. A component that delivers changes implements it.</summary>
public interface IRetentionHold
{
    /// <summary>Returns the lowest sequence number by incarnation that is still needed. An incarnation that is missing needs none.</summary>
    Task<IReadOnlyDictionary<string, long>> LowestAsync(CancellationToken cancel);
}
