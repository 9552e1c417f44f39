namespace ImapGateway.Http;
public sealed class NoKeys : IKeyLookup
{
    public ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel) => ValueTask.FromResult<Caller?>(null);
}
