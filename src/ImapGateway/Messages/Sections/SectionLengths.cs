using Microsoft.Extensions.Caching.Memory;

namespace ImapGateway.Messages.Sections;

/// <summary>Remembers the lengths of sections that were read to their end. They never change; a forgotten one is counted again.</summary>
public sealed class SectionLengths : IDisposable
{
    private const int MostKnown = 20_000;

    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = MostKnown });

    public long? Find(SectionRef section) => _known.TryGetValue(section, out long length) ? length : null;

    public void Put(SectionRef section, long length) => _known.Set(section, length, new MemoryCacheEntryOptions { Size = 1 });

    public void Dispose() => _known.Dispose();
}
