using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>What the owner of an account wants to know about its watcher.</summary>
public interface IWatchObserver
{
    /// <summary>The watcher has a connection, or has lost it.</summary>
    void WatchingChanged(bool connected);

    /// <summary>There is no connection, and why.</summary>
    Task WatchFailedAsync(Problem problem);

    /// <param name="problem">Why changes are seen late, though logins work; null: they are seen in time again.</param>
    Task DegradedAsync(Problem? problem);

    /// <summary>Every watched mailbox has been indexed; said after each connect.</summary>
    Task SyncedAsync();

    /// <summary>Another owner has the account now.</summary>
    void OwnershipLost();
}
