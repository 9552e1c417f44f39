using ImapGateway.Settings;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ImapGateway.Storage;

/// <summary>A kind of database, as the host sees it: opened before all else, asked for its health, closed after all else.</summary>
public interface IStorage : IAsyncDisposable
{
    IDatabase Database { get; }

    /// <summary>It can never write again in this process.</summary>
    event Action<Exception>? Failed;

    /// <summary>Where Data Protection keeps its keys: all gateways on one database read the same.</summary>
    IXmlRepository KeyRing { get; }

    /// <summary>Brings the tables up to date and lets jobs in.</summary>
    /// <param name="whileAlone">Run once the tables are there, while no other gateway does the same.</param>
    /// <returns>The ids of the migrations that were applied.</returns>
    /// <exception cref="StartupException">The operator must mend something first.</exception>
    Task<IReadOnlyList<string>> OpenAsync(Action whileAlone, CancellationToken cancel);

    /// <summary>Whether it can be read and the last write went through. Only after a failure is a write tried: anybody may ask, and a write costs a sync.</summary>
    /// <exception cref="Mail.ProblemException">Unavailable.</exception>
    Task CheckAsync(CancellationToken cancel);
}
