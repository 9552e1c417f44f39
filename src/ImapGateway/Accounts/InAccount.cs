namespace ImapGateway.Accounts;

/// <summary>A mailbox or a message with the id of its account: the graph leads from one to the other.</summary>
/// <param name="Account">The account's id.</param>
public sealed record InAccount<T>(string Account, T Value)
{
    /// <summary>The objects that it was listed with; null if it was found alone.</summary>
    public IReadOnlyList<T>? Among { get; init; }
}
