using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;

namespace ImapGateway.Storage;

/// <summary>A kind of database, as the host uses it: it is opened before all else, reports its health, and is closed after all else.</summary>
public interface IStorage : IAsyncDisposable
{
    IDatabase Database { get; }

    /// <summary>
    /// Raised if the process cannot work with the storage any more and must end: nothing can be written again, or another gateway has used the storage since this one opened it, and the data
    /// in this process's memory is out of date. It is raised at most once.
    /// </summary>
    event Action<Exception>? Failed;

    /// <summary>The place where Data Protection keeps its keys.</summary>
    IKeyRing KeyRing { get; }

    /// <summary>Makes this process the only one that uses the storage, brings the tables up to date and accepts jobs.</summary>
    /// <param name="guard">Checks the key ring before anything is changed, and encrypts it.</param>
    /// <returns>The ids of the migrations that were applied.</returns>
    /// <exception cref="StartupException">The operator must correct something first.</exception>
    Task<IReadOnlyList<string>> OpenAsync(IKeyRingGuard guard, CancellationToken cancel);

    /// <summary>Checks that the storage can be read and that the last write succeeded. Only after a failure is a write tried: any client may ask, and a write costs a sync.</summary>
    /// <exception cref="Mail.ProblemException">Unavailable.</exception>
    Task CheckAsync(CancellationToken cancel);

    /// <summary>Copies the database as it is at one instant, and the files of the data directory that belong to it. The storage need not be open, and a gateway may be working on it.</summary>
    /// <param name="path">The path of the folder to make.</param>
    /// <param name="cancel">A token that ends it without a copy.</param>
    /// <exception cref="StartupException">The operator must correct something first; there is no copy.</exception>
    Task BackUpAsync(string path, CancellationToken cancel);

    /// <summary>Restores a backup into an empty storage. The next start opens a new epoch.</summary>
    /// <param name="folder">The folder as <see cref="BackUpAsync"/> made it.</param>
    /// <param name="cancel">A token that ends it and leaves nothing.</param>
    /// <exception cref="StartupException">The operator must correct something first; nothing is restored.</exception>
    Task RestoreAsync(string folder, CancellationToken cancel);

    /// <summary>Makes the next start open a new epoch, see <see cref="StoreEpoch"/>.</summary>
    /// <param name="reason">The reason for the log of that start.</param>
    /// <param name="cancel">A token that ends it.</param>
    /// <exception cref="StartupException">There is no database, or it is in use.</exception>
    Task MarkRestoredAsync(string reason, CancellationToken cancel);
}
