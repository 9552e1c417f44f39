namespace ImapGateway.Accounts;

/// <summary>The owner of an account, by the account's id: it alone opens connections and writes state. It never grows; operations are commands.</summary>
[Alias("ImapGateway.Account")]
public interface IAccountGrain : IGrainWithStringKey
{
    [Alias("Execute"), ResponseTimeout("00:05:00")]
    Task<T> Execute<T>(AccountCommand<T> command, CancellationToken cancel);

    [Alias("Stream")]
    IAsyncEnumerable<byte[]> Stream(AccountStream stream, CancellationToken cancel);

    /// <summary>Forgets what it holds: the account was changed or removed. The next call reads it anew.</summary>
    [Alias("Reload")]
    Task Reload();

    [Alias("Read")]
    Task<Account> Read();
}
