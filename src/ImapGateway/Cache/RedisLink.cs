using System.Collections.Concurrent;
using ImapGateway.Mail;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace ImapGateway.Cache;

/// <summary>
/// The way to Redis, which may be slow, full or away at any time: nobody waits longer than <see cref="Patience"/>, nothing throws, and everything is counted.
/// </summary>
public sealed partial class RedisLink(IOptions<RedisOptions> options, CacheMetrics metrics, TimeProvider time, ILogger<RedisLink> log) : IHostedService, IAsyncDisposable
{
    /// <summary>How long a request waits for an answer; without one it asks the mail server.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>How long what no request waits for may take.</summary>
    private static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(2);

    /// <summary>How long the start waits, so that the first requests after a restart find Redis there.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(1);

    /// <summary>Bytes on their way to Redis; beyond them nothing is written, for each would take memory here while Redis is slower than we.</summary>
    private const long MostUnderWay = 8L << 20;

    private readonly RedisCircuit _circuit = new(time);
    private readonly Redaction _secrets = new([RedisOptions.Parse(options.Value.ConnectionString)?.Password ?? ""]);

    /// <summary>Told since the connection was made, by operation and kind: the same reason would be told thousands of times.</summary>
    private readonly ConcurrentDictionary<(string Operation, string Kind), bool> _refusals = new();

    private long _underWay;
    private Task<ConnectionMultiplexer>? _connecting;

    /// <summary>False where none is configured.</summary>
    public bool IsConfigured { get; } = options.Value.ConnectionString.Length > 0;

    private IDatabase? Database => _connecting is { IsCompletedSuccessfully: true } connecting ? connecting.Result.GetDatabase() : null;

    /// <summary>For what a request waits for.</summary>
    /// <returns>The default of <typeparamref name="T"/> where there is no answer in time.</returns>
    public async Task<T?> AskAsync<T>(string operation, Func<IDatabase, Task<T>> ask)
    {
        if (!MayCall(operation, out var database))
        {
            return default;
        }
        var (isDone, answer) = await CallAsync(operation, () => ask(database), Patience);
        return isDone ? answer : default;
    }

    /// <summary>For what nobody waits for. It is let go where there is too much under way already.</summary>
    public void Tell(string operation, int bytes, Func<IDatabase, Task> tell)
    {
        if (!MayCall(operation, out var database))
        {
            return;
        }
        if (Interlocked.Add(ref _underWay, bytes) > MostUnderWay)
        {
            Interlocked.Add(ref _underWay, -bytes);
            metrics.Called(operation, "overload");
            return;
        }
        _ = TellAsync();

        async Task TellAsync()
        {
            try
            {
                await CallAsync(operation, () => Answered(tell(database)), Timeout.InfiniteTimeSpan).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Add(ref _underWay, -bytes);
            }
        }
    }

    /// <summary>For background work that has to be done, sooner or later.</summary>
    /// <returns>False: Redis is away, it has to be tried again.</returns>
    public async Task<bool> TryAsync(string operation, Func<IDatabase, Task> work) =>
        MayCall(operation, out var database) && (await CallAsync(operation, () => Answered(work(database)), LongPatience)).IsDone;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!IsConfigured)
        {
            return;
        }
        _connecting = ConnectAsync();
        try
        {
            await _connecting.WaitAsync(StartPatience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            LogNotYet();
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_connecting is { IsCompletedSuccessfully: true } connecting)
        {
            await (await connecting).DisposeAsync();
        }
    }

    private bool MayCall(string operation, out IDatabase database)
    {
        var connected = Database;
        database = connected!;
        if (connected is not null && !_circuit.IsOpen)
        {
            return true;
        }
        if (IsConfigured)
        {
            metrics.Called(operation, "skipped");
        }
        if (connected is not null && _circuit.MayProbe())
        {
            _ = CallAsync("probe", () => connected.PingAsync(), LongPatience);
        }
        return false;
    }

    private async Task<(bool IsDone, T? Answer)> CallAsync<T>(string operation, Func<Task<T>> call, TimeSpan patience)
    {
        Task<T>? called = null;
        try
        {
            called = call();
            var answer = await called.WaitAsync(patience, time).ConfigureAwait(false);
            if (_circuit.Succeeded())
            {
                LogBack();
            }
            metrics.Called(operation, "ok");
            return (true, answer);
        }
        catch (RedisServerException refused)
        {
            // It is there, but full, loading its data, or of another mind about who we are.
            metrics.Called(operation, "refused");
            if (_refusals.TryAdd((operation, refused.Message.Split(' ')[0]), true))
            {
                LogRefused(operation, Shown(refused));
            }
        }
        catch (Exception failure)
        {
            // Whatever failed, the caller does without Redis. What ends later ends unseen.
            _ = called?.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            metrics.Called(operation, failure is TimeoutException ? "timeout" : "disconnected");
            if (_circuit.Failed())
            {
                LogAway(Shown(failure));
            }
        }
        return (false, default);
    }

    /// <summary>Redis may repeat the command that it refuses, and AUTH is one.</summary>
    private string Shown(Exception failure) => _secrets.Apply(failure.Message) ?? Redaction.Mask;

    private static async Task<bool> Answered(Task call)
    {
        await call.ConfigureAwait(false);
        return true;
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var configuration = RedisOptions.Parse(options.Value.ConnectionString)!;
        configuration.AbortOnConnectFail = false;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.AsyncTimeout = (int)LongPatience.TotalMilliseconds;
        // INFO counts as a command of administrators.
        configuration.AllowAdmin = true;
        configuration.ClientName ??= "imapgateway";
        configuration.ReconnectRetryPolicy = new ExponentialRetry(100, 5_000);
        var connection = await ConnectionMultiplexer.ConnectAsync(configuration);
        connection.ConnectionRestored += (_, restored) => _ = restored.ConnectionType == ConnectionType.Interactive ? CheckAsync(connection) : Task.CompletedTask;
        _ = CheckAsync(connection);
        return connection;
    }

    /// <summary>Not by CONFIG, which many who run Redis for others forbid.</summary>
    private async Task CheckAsync(ConnectionMultiplexer connection)
    {
        _refusals.Clear();
        var (isDone, info) = await CallAsync("info", () => connection.GetDatabase().ExecuteAsync("INFO", "memory"), LongPatience);
        if (isDone && RedisMemoryPolicy.Parse((string?)info ?? "")?.Advice is { } advice)
        {
            LogAdvice(advice);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Advice}")]
    private partial void LogAdvice(string advice);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer yet; until it does headers are cached in memory only.")]
    private partial void LogNotYet();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer; until it does headers are cached in memory only: {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis answers again.")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis refuses what is needed to {Operation} headers; this is not told again: {Reason}")]
    private partial void LogRefused(string operation, string reason);
}
