using ImapGateway.Storage;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>A database whose jobs fail as long as a test wants it.</summary>
public sealed class FaultyDatabase(IDatabase database) : IDatabase
{
    /// <summary>What every job fails with; null: nothing.</summary>
    public Func<Exception>? Fault { get; set; }

    public Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel) =>
        Fault is { } fault ? Task.FromException<T>(fault()) : database.ReadAsync(query, cancel);

    public Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel) =>
        Fault is { } fault ? Task.FromException<T>(fault()) : database.WriteAsync(job, cancel);
}
