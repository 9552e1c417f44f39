using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ImapGateway.Cache;

namespace ImapGateway.IntegrationTests.Cache;

/// <summary>What one cache has counted of its calls, by operation and outcome.</summary>
internal sealed class CallCount : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Operation, string Outcome), long> _calls = new();

    public CallCount(CacheMetrics metrics)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "imapgateway.redis.calls" && metrics.Has(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) => _calls.AddOrUpdate(((string)tags[0].Value!, (string)tags[1].Value!), count, (_, sum) => sum + count));
        _listener.Start();
    }

    public long this[string operation, string outcome] => _calls.GetValueOrDefault((operation, outcome));

    public void Dispose() => _listener.Dispose();
}
