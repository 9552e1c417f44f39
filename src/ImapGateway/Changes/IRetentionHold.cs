namespace ImapGateway.Changes;

/// <summary>Somebody who has yet to do something with changes that retention would delete. Who tells of changes implements it.</summary>
public interface IRetentionHold
{
    /// <summary>By incarnation the lowest sequence that is still needed; where there is none, nothing is held.</summary>
    Task<IReadOnlyDictionary<string, long>> LowestAsync(CancellationToken cancel);
}
