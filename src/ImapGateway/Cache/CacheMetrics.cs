using System.Diagnostics.Metrics;

namespace ImapGateway.Cache;

/// <summary>Counts the results of cache operations. Operators use the names of the metrics.</summary>
public sealed class CacheMetrics : IDisposable
{
    public const string MeterName = "ImapGateway.Cache";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _headers;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _stored;
    private long _onDisk;

    public CacheMetrics(HeaderMemory memory)
    {
        _headers = _meter.CreateCounter<long>("imapgateway.headers", "{message}", "Messages whose headers were asked for, by where they were found: memory, redis, disk, server.");
        _calls = _meter.CreateCounter<long>("imapgateway.redis.calls", "{call}", "Calls of Redis, by operation and outcome: ok, timeout, disconnected, refused, skipped, overload.");
        _stored = _meter.CreateCounter<long>("imapgateway.disk.entries", "{entry}", "What became of the disk cache's work: hit, miss, damaged, evicted (messages), failed (writes and other calls).");
        _meter.CreateObservableGauge("imapgateway.disk.bytes", () => OnDisk, "By", "Room on disk that cached bodies and parts take.");
        _meter.CreateObservableGauge("imapgateway.headers.memory", () => memory.Bytes, "By", "Memory that cached headers take.");
    }

    /// <summary>The number of bytes in the disk cache.</summary>
    public long OnDisk
    {
        get => Volatile.Read(ref _onDisk);
        set => Volatile.Write(ref _onDisk, value);
    }

    internal bool Has(Meter meter) => ReferenceEquals(meter, _meter);

    public void Found(string tier, int messages)
    {
        if (messages > 0)
        {
            _headers.Add(messages, new KeyValuePair<string, object?>("tier", tier));
        }
    }

    public void Called(string operation, string outcome) =>
        _calls.Add(1, new KeyValuePair<string, object?>("operation", operation), new KeyValuePair<string, object?>("outcome", outcome));

    public void Stored(string outcome) => _stored.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => _meter.Dispose();
}
