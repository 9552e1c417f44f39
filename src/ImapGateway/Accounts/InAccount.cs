namespace ImapGateway.Accounts;

/// <summary>A mailbox or a message, and the account it is in: the graph leads from one to the other.</summary>
/// <param name="Account">Its id.</param>
public sealed record InAccount<T>(string Account, T Value)
{
    /// <summary>Those it was listed with; null where it was found alone.</summary>
    public IReadOnlyList<T>? Among { get; init; }
}
