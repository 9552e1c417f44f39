using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;

namespace ImapGateway.Storage;

/// <summary>A kind of database, as the host sees it: opened before all else, asked for its health, closed after all else.</summary>
public interface IStorage : IAsyncDisposable
{
    IDatabase Database { get; }

    /// <summary>
    /// The process cannot work with the storage any more and must end: nothing can be written again, or another gateway has used the storage since this one opened it, and what this
    /// process remembers is out of date. Raised at most once.
    /// </summary>
    event Action<Exception>? Failed;

    /// <summary>Where Data Protection keeps its keys.</summary>
    IKeyRing KeyRing { get; }

    /// <summary>Makes this process the only one that uses the storage, brings the tables up to date and lets jobs in.</summary>
    /// <param name="guard">Checks the key ring before anything is changed, and encrypts it.</param>
    /// <returns>The ids of the migrations that were applied.</returns>
    /// <exception cref="StartupException">The operator must mend something first.</exception>
    Task<IReadOnlyList<string>> OpenAsync(IKeyRingGuard guard, CancellationToken cancel);

    /// <summary>Whether it can be read and the last write went through. Only after a failure is a write tried: anybody may ask, and a write costs a sync.</summary>
    /// <exception cref="Mail.ProblemException">Unavailable.</exception>
    Task CheckAsync(CancellationToken cancel);

    /// <summary>Copies the database as it is at one instant, and the files of the data directory that belong to it. The storage need not be open, and a gateway may be working on it.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="cancel">Ends it without a copy.</param>
    /// <exception cref="StartupException">The operator must correct something first; there is no copy.</exception>
    Task BackUpAsync(string path, CancellationToken cancel);

    /// <summary>Restores a backup where there is nothing yet. The next start opens a new epoch.</summary>
    /// <param name="folder">As <see cref="BackUpAsync"/> made it.</param>
    /// <param name="cancel">Ends it and leaves nothing.</param>
    /// <exception cref="StartupException">The operator must correct something first; nothing is restored.</exception>
    Task RestoreAsync(string folder, CancellationToken cancel);

    /// <summary>The next start opens a new epoch, see <see cref="StoreEpoch"/>.</summary>
    /// <param name="reason">For the log of that start.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="StartupException">There is no database, or it is in use.</exception>
    Task MarkRestoredAsync(string reason, CancellationToken cancel);
}
