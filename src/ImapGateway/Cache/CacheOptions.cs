using ImapGateway.Settings;

namespace ImapGateway.Cache;

/// <summary>The section <c>Cache</c> of the settings.</summary>
public sealed class CacheOptions : ISettings
{
    private const long LeastRedisBytes = 100_000;
    private const long LeastDiskBytes = 1 << 20;

    /// <summary>The memory for the headers of all accounts. A message takes about 1.5 kB.</summary>
    public long MemoryBytes { get; set; } = 64L << 20;

    /// <summary>The time for which headers stay in Redis after they were written.</summary>
    public TimeSpan RedisTtl { get; set; } = TimeSpan.FromDays(7);

    /// <summary>The memory in Redis for the headers of one account. A message takes about 300 bytes. The headers written first are removed first.</summary>
    public long RedisBytesPerAccount { get; set; } = 16L << 20;

    /// <summary>The disk space for bodies and parts that were read, below the data directory. With 0 none are kept, and existing ones are removed.</summary>
    public long DiskBytes { get; set; }

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (MemoryBytes is < 0 or > 1L << 40)
        {
            yield return (nameof(MemoryBytes), "must be from 0 (nothing is kept in memory) to a terabyte");
        }
        if (RedisTtl < TimeSpan.FromSeconds(1) || RedisTtl > TimeSpan.FromDays(365))
        {
            yield return (nameof(RedisTtl), "must be from 1s to 365d");
        }
        if (RedisBytesPerAccount is < LeastRedisBytes or > 1L << 40)
        {
            yield return (nameof(RedisBytesPerAccount), "must be from 100000 to a terabyte");
        }
        if (DiskBytes is not 0 and (< LeastDiskBytes or > 1L << 50))
        {
            yield return (nameof(DiskBytes), "must be 0 (nothing is kept on disk), or from 1048576 to a petabyte");
        }
    }
}
