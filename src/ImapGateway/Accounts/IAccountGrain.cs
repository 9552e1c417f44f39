namespace ImapGateway.Accounts;

/// <summary>The owner of an account, by the account's id: it alone opens connections and writes state. Its interface never grows; operations are commands.</summary>
[Alias("ImapGateway.Account")]
public interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>The longest time between two pulls from a stream.</summary>
    static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    // The waits for a session, for the server and for a second attempt have limits of their own; this one only ends calls that those miss.
    [Alias("Execute"), ResponseTimeout("02:00:00")]
    Task<T> Execute<T>(AccountCommand<T> command, CancellationToken cancel);

    /// <summary>Streams a result. The stream ends, and frees its resources, when no client has pulled for <see cref="LongestPause"/> or a little longer.</summary>
    [Alias("Stream")]
    IAsyncEnumerable<byte[]> Stream(AccountStream stream, CancellationToken cancel);

    /// <summary>Informs the grain that the account was changed: the next call reads it again.</summary>
    /// <param name="reconnect">True to close all connections and open new ones, since the server or the user has changed.</param>
    [Alias("Reload"), ResponseTimeout("00:00:30")]
    Task Reload(bool reconnect);

    /// <summary>Informs the grain that the account was removed: its connections are closed, whatever they are doing.</summary>
    [Alias("Removed"), ResponseTimeout("00:00:30")]
    Task Removed();

    [Alias("Read"), ResponseTimeout("00:00:30")]
    Task<Account> Read();
}
