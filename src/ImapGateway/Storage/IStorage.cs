using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;

namespace ImapGateway.Storage;

/// <summary>A kind of database, as the host sees it: opened before all else, asked for its health, closed after all else.</summary>
public interface IStorage : IAsyncDisposable
{
    IDatabase Database { get; }

    /// <summary>It can never write again in this process.</summary>
    event Action<Exception>? Failed;

    /// <summary>Where Data Protection keeps its keys.</summary>
    IKeyRing KeyRing { get; }

    /// <summary>Completes with the reason when another gateway has used the storage since this one opened it: nothing can be written any more, and what this process remembers is out of date.</summary>
    Task<string> TakenOver { get; }

    /// <summary>Makes this process the only one that uses the storage, brings the tables up to date and lets jobs in.</summary>
    /// <param name="guard">Checks the key ring before anything is changed, and encrypts it.</param>
    /// <returns>The ids of the migrations that were applied.</returns>
    /// <exception cref="StartupException">The operator must mend something first.</exception>
    Task<IReadOnlyList<string>> OpenAsync(IKeyRingGuard guard, CancellationToken cancel);

    /// <summary>Whether it can be read and the last write went through. Only after a failure is a write tried: anybody may ask, and a write costs a sync.</summary>
    /// <exception cref="Mail.ProblemException">Unavailable.</exception>
    Task CheckAsync(CancellationToken cancel);
}
