namespace ImapGateway.Accounts;

/// <summary>The owner of an account, by the account's id: it alone opens connections and writes state. It never grows; operations are commands.</summary>
[Alias("ImapGateway.Account")]
public interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>Between two pulls from a stream.</summary>
    static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    // Waiting for a session, for the server and for a second try all have limits of their own; this one only ends what those miss.
    [Alias("Execute"), ResponseTimeout("02:00:00")]
    Task<T> Execute<T>(AccountCommand<T> command, CancellationToken cancel);

    /// <summary>The stream ends, and frees what it holds, when nobody has pulled for <see cref="LongestPause"/> or a little longer.</summary>
    [Alias("Stream")]
    IAsyncEnumerable<byte[]> Stream(AccountStream stream, CancellationToken cancel);

    /// <summary>The account was changed: the next call reads it anew.</summary>
    /// <param name="reconnect">Connections are closed and made anew: where they lead to, or as whom, has changed.</param>
    [Alias("Reload"), ResponseTimeout("00:00:30")]
    Task Reload(bool reconnect);

    /// <summary>The account was removed: its connections are closed, whatever they are doing.</summary>
    [Alias("Removed"), ResponseTimeout("00:00:30")]
    Task Removed();

    [Alias("Read"), ResponseTimeout("00:00:30")]
    Task<Account> Read();
}
