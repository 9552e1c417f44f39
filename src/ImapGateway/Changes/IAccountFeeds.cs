namespace ImapGateway.Changes;

/// <summary>Which log is an account's. Accounts implements it.</summary>
public interface IAccountFeeds
{
    /// <summary>The incarnation of the account with this id; null where there is none, or it is removed.</summary>
    Task<string?> FindIncarnationAsync(string account, CancellationToken cancel);
}
