using ImapGateway.Storage;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>Tests that run on each kind of database: a class derived for each says which.</summary>
public abstract class StoreSuite : IAsyncLifetime
{
    protected StoreUnderTest Store { get; private set; } = null!;

    protected IDatabase Database => Store.Database;

    public async ValueTask InitializeAsync() => Store = await Make();

    public virtual ValueTask DisposeAsync() => Store.DisposeAsync();

    protected abstract Task<StoreUnderTest> Make();
}
