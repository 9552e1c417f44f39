using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ImapGateway.Mail;

namespace ImapGateway.Background;

/// <summary>
/// Manages all background loops of the process: the log entries about their failures, the metrics, and the report of /health/ready. Loops of the same name, such as those of all webhook lanes,
/// count as one.
/// </summary>
public sealed partial class Loops : IDisposable
{
    public const string MeterName = "ImapGateway.Background";

    private static readonly Func<ILogger, string, IDisposable?> Scope = LoggerMessage.DefineScope<string>("Background loop {Loop}");

    private readonly ConcurrentDictionary<string, LoopState> _states = new();
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _turns;
    private readonly Counter<long> _failures;
    private readonly ILogger _log;

    public Loops(TimeProvider time, ILogger<Loops> log)
    {
        (Time, _log) = (time, log);
        _turns = _meter.CreateCounter<long>("imapgateway.loop.turns", "{turn}", "Turns of background loops, by loop.");
        _failures = _meter.CreateCounter<long>("imapgateway.loop.failures", "{failure}", "Turns of background loops that failed, by loop and kind of failure.");
        _meter.CreateObservableGauge(
            "imapgateway.loop.failing", () => _states.Select(state => new Measurement<int>(state.Value.FailingCount, Tag("loop", state.Key))), "{loop}", "Background loops whose last turn failed.");
    }

    public TimeProvider Time { get; }

    internal Meter Meter => _meter;

    /// <summary>The loops whose last run failed, in the order of their names.</summary>
    public IReadOnlyList<FailingLoop> Failing =>
        [.. _states.Select(state => state.Value.Describe(state.Key)).OfType<FailingLoop>().OrderBy(loop => loop.Name, StringComparer.Ordinal)];

    /// <summary>Creates a loop. Disposing it ends its part in the health report.</summary>
    /// <param name="name">The work of the loop. Log, metrics and the health report count loops of the same name as one.</param>
    /// <param name="item">The object that the loop works for, for the log; null if there is only one loop of the name.</param>
    public GuardedLoop New(string name, string? item = null) => new(name, item, this);

    public void Dispose() => _meter.Dispose();

    /// <summary>Adds the name of the loop to log entries until it is disposed.</summary>
    internal IDisposable? LogAs(string name) => Scope(_log, name);

    internal void Turned(string name) => _turns.Add(1, Tag("loop", name));

    internal void Failed(string name, string? item, Exception failure, bool isFirst)
    {
        var kind = KindOf(failure);
        _failures.Add(1, Tag("loop", name), Tag("kind", kind));
        if (!_states.GetOrAdd(name, static _ => new LoopState()).Fail(kind, isFirst, Time.GetUtcNow()))
        {
            return;
        }
        var described = item is null ? $"\"{name}\"" : $"\"{name}\" ({item})";
        if (failure is ProblemException problem)
        {
            LogWaiting(described, problem.Problem.Detail);
        }
        else
        {
            LogFailed(described, failure);
        }
    }

    internal void LastTurnFailed(string name, Exception failure) => LogLastTurnFailed(name, KindOf(failure), failure is ProblemException ? null : failure);

    internal void Recovered(string name)
    {
        if (_states.TryGetValue(name, out var state) && state.Recover())
        {
            LogRecovered(name);
        }
    }

    internal void Ended(string name)
    {
        if (_states.TryGetValue(name, out var state))
        {
            state.End();
        }
    }

    /// <summary>Returns the error code of an expected failure, else the type of the exception. Both are safe to be shown to any client.</summary>
    private static string KindOf(Exception failure) => failure is ProblemException problem ? problem.Code.Describe().Name : failure.GetType().Name;

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The background loop {Loop} cannot do its work now and tries again: {Reason}")]
    private partial void LogWaiting(string loop, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The background loop {Loop} failed and tries again; further failures of this kind are not logged until it recovers")]
    private partial void LogFailed(string loop, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The background loop \"{Loop}\" could not finish its work before the stop ({Kind}); the next start continues it")]
    private partial void LogLastTurnFailed(string loop, string kind, Exception? failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "The background loop \"{Loop}\" works again")]
    private partial void LogRecovered(string loop);
}

/// <summary>A background loop that fails.</summary>
/// <param name="Name">The work of the loop.</param>
/// <param name="Kind">The kind of the last failure: an error code or the type of an exception.</param>
/// <param name="Since">The time of the first failure since the loop last worked.</param>
public sealed record FailingLoop(string Name, string Kind, DateTimeOffset Since);
