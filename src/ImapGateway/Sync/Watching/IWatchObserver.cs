using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>Receives the events of an account's watcher. The owner of the account implements it.</summary>
public interface IWatchObserver
{
    /// <summary>Reports that the watcher has a connection, or has lost it.</summary>
    void WatchingChanged(bool connected);

    /// <summary>Reports that there is no connection, and the reason.</summary>
    Task WatchFailedAsync(Problem problem);

    /// <param name="problem">The reason why changes are detected late although logins work, or null if they are detected in time again.</param>
    Task DegradedAsync(Problem? problem);

    /// <summary>Reports that every watched mailbox has been indexed. It is called after each connect.</summary>
    Task SyncedAsync();

    /// <summary>Reports that the account has another owner now.</summary>
    void OwnershipLost();
}
