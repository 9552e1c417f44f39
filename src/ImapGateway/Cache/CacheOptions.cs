using ImapGateway.Settings;

namespace ImapGateway.Cache;

/// <summary>Section <c>Cache</c> of the settings.</summary>
public sealed class CacheOptions : ISettings
{
    private const long LeastRedisBytes = 100_000;
    private const long LeastDiskBytes = 1 << 20;

    /// <summary>For the headers of all accounts; a message takes about 1.5 kB.</summary>
    public long MemoryBytes { get; set; } = 64L << 20;

    /// <summary>For how long after they were written headers stay in Redis.</summary>
    public TimeSpan RedisTtl { get; set; } = TimeSpan.FromDays(7);

    /// <summary>For the headers of one account in Redis; a message takes about 400 bytes. What was written first goes first.</summary>
    public long RedisBytesPerAccount { get; set; } = 16L << 20;

    /// <summary>For bodies and parts that were read, below the data directory; 0: none are kept, and none are left there.</summary>
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
