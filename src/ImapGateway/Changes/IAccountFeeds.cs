namespace ImapGateway.Changes;

/// <summary>Finds the log of an account. Accounts implements it.</summary>
public interface IAccountFeeds
{
    /// <summary>Returns the incarnation of the account with this id, or null if there is none or it is removed.</summary>
    Task<string?> FindIncarnationAsync(string account, CancellationToken cancel);
}
