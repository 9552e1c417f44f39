namespace ImapGateway.Accounts;

/// <summary>The owner of an account, by the account's id: it alone opens connections and writes state. It never grows; operations are commands.</summary>
[Alias("ImapGateway.Account")]
public interface IAccountGrain : IGrainWithStringKey
{
    // Waiting for a session, for the server and for a second try all have limits of their own; this one only ends what those miss.
    [Alias("Execute"), ResponseTimeout("02:00:00")]
    Task<T> Execute<T>(AccountCommand<T> command, CancellationToken cancel);

    [Alias("Stream")]
    IAsyncEnumerable<byte[]> Stream(AccountStream stream, CancellationToken cancel);

    /// <summary>The account was changed or removed: the next call reads it anew.</summary>
    /// <param name="reconnect">Connections are closed and made anew: where they lead to, or as whom, has changed.</param>
    [Alias("Reload")]
    Task Reload(bool reconnect);

    [Alias("Read")]
    Task<Account> Read();
}
