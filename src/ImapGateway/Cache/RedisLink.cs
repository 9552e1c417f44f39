using System.Collections.Concurrent;
using ImapGateway.Mail;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace ImapGateway.Cache;

/// <summary>The connection to Redis, which may be slow, full or unavailable at any time. No caller waits longer than <see cref="Patience"/>, nothing throws, and every call is counted.</summary>
public sealed partial class RedisLink(IOptions<RedisOptions> options, CacheMetrics metrics, TimeProvider time, ILogger<RedisLink> log) : IHostedService, IAsyncDisposable
{
    /// <summary>The longest time that a request waits for an answer. Without one it asks the mail server.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest time of calls that no request waits for.</summary>
    private static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(2);

    /// <summary>The longest time that the start waits, so that the first requests after a restart can use Redis.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(1);

    /// <summary>The maximum number of bytes that may be on their way to Redis. Beyond them nothing is written, because each write takes memory here while Redis is slower than the gateway.</summary>
    private const long MostUnderWay = 8L << 20;

    private readonly RedisCircuit _circuit = new(time);
    private readonly Redaction _secrets = new([RedisOptions.Parse(options.Value.ConnectionString)?.Password ?? ""]);

    /// <summary>The refusals logged since the connection was made, by operation and kind: the same reason would be logged thousands of times.</summary>
    private readonly ConcurrentDictionary<(string Operation, string Kind), bool> _refusals = new();

    private long _underWay;
    private Task<ConnectionMultiplexer>? _connecting;

    /// <summary>False if no Redis is configured.</summary>
    public bool IsConfigured { get; } = options.Value.ConnectionString.Length > 0;

    private IDatabase? Database => _connecting is { IsCompletedSuccessfully: true } connecting ? connecting.Result.GetDatabase() : null;

    /// <summary>Runs a call that a request waits for.</summary>
    /// <returns>The answer; the default of <typeparamref name="T"/> if there is none in time.</returns>
    public async Task<T?> AskAsync<T>(string operation, Func<IDatabase, Task<T>> ask)
    {
        if (!MayCall(operation, out var database))
        {
            return default;
        }
        var (isDone, answer) = await CallAsync(operation, () => ask(database), Patience);
        return isDone ? answer : default;
    }

    /// <summary>Runs a call that no caller waits for. It is dropped if too much is on its way already.</summary>
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

    /// <summary>Runs background work that has to be done, sooner or later.</summary>
    /// <returns>False if Redis is not available and the caller has to try again.</returns>
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
            // Redis is available, but full, loading its data, or does not accept the gateway's credentials.
            metrics.Called(operation, "refused");
            if (_refusals.TryAdd((operation, refused.Message.Split(' ')[0]), true))
            {
                LogRefused(operation, Shown(refused));
            }
        }
        catch (Exception failure)
        {
            // After any failure the caller works without Redis. The exception of a call that ends later is ignored.
            _ = called?.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            metrics.Called(operation, failure is TimeoutException ? "timeout" : "disconnected");
            if (_circuit.Failed())
            {
                LogAway(Shown(failure));
            }
        }
        return (false, default);
    }

    /// <summary>Returns the message of a failure without secrets. Redis may repeat the command that it refuses, and AUTH is one.</summary>
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

    /// <summary>Checks the memory policy, but not by CONFIG, which many Redis providers forbid.</summary>
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
