using System.Diagnostics.Metrics;

namespace ImapGateway.Storage.Sqlite;

/// <summary>
/// Measures how long writes occupy the one writer of SQLite, while the writes of all other accounts wait: a metric of all transactions, and a log entry at level Debug for each job that
/// takes too long.
/// </summary>
internal sealed partial class WriteTimes : IDisposable
{
    public const string MeterName = "ImapGateway.Storage";

    /// <summary>The duration from which a job is logged: half of what a job should take at most.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(25);

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _transactions;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    public WriteTimes(TimeProvider time, ILogger log)
    {
        (_time, _log) = (time, log);
        _transactions = _meter.CreateHistogram<double>("imapgateway.storage.transaction.duration", "s", "How long transactions, each of one or more jobs, keep the writer of SQLite.");
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>Runs a transaction and records its duration, whether it succeeds or not.</summary>
    public void OfTransaction(Action transaction)
    {
        var began = _time.GetTimestamp();
        try
        {
            transaction();
        }
        finally
        {
            _transactions.Record(_time.GetElapsedTime(began).TotalSeconds);
        }
    }

    /// <summary>Runs a job and logs it if it takes long.</summary>
    public void OfJob(WriteJob job, Action<WriteJob> run)
    {
        var began = _time.GetTimestamp();
        run(job);
        if (_time.GetElapsedTime(began) is var took && took >= Long)
        {
            LogLong(job.Origin, took.TotalMilliseconds);
        }
    }

    [LoggerMessage(LogLevel.Debug, "A write of {Origin} has kept the storage for {Milliseconds:0} ms")]
    private partial void LogLong(string origin, double milliseconds);
}
