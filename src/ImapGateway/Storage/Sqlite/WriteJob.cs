namespace ImapGateway.Storage.Sqlite;

/// <summary>A queued write. Its outcome is kept until the group is committed, and replaced when the group has to be run again.</summary>
internal abstract class WriteJob
{
    private const int Queued = 0;
    private const int Begun = 1;
    private const int Cancelled = 2;

    private int _state = Queued;

    /// <summary>False where the caller has given up before.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Queued) == Queued;

    protected bool TryCancel() => Interlocked.CompareExchange(ref _state, Cancelled, Queued) == Queued;

    /// <summary>What the job threw in its last run; its changes are rolled back.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The class whose code it runs, for the log.</summary>
    public abstract string Origin { get; }

    public abstract void Run(GatewayDbContext context);

    /// <summary>Tells the caller the outcome.</summary>
    public abstract void Complete();
}

internal sealed class WriteJob<T> : WriteJob
{
    private readonly Func<GatewayDbContext, CancellationToken, Task<T>> _job;
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _cancellation;
    private T? _result;

    public WriteJob(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel)
    {
        _job = job;
        _cancellation = cancel.UnsafeRegister(
            (state, token) =>
            {
                var self = (WriteJob<T>)state!;
                if (self.TryCancel())
                {
                    self._completion.TrySetCanceled(token);
                }
            },
            this);
    }

    public Task<T> Completion => _completion.Task;

    public override string Origin
    {
        get
        {
            var type = _job.Method.DeclaringType;
            while (type?.DeclaringType is { } outer)
            {
                // The closure of a lambda expression.
                type = outer;
            }
            return type?.Name ?? "";
        }
    }

    /// <summary>On SQLite the job's tasks are complete when they are returned; waiting here holds nobody but the writer's own thread.</summary>
    public override void Run(GatewayDbContext context)
    {
        Failure = null;
        _result = _job(context, CancellationToken.None).GetAwaiter().GetResult();
        context.SaveChanges();
    }

    public override void Complete()
    {
        _cancellation.Unregister();
        if (Failure is null)
        {
            _completion.TrySetResult(_result!);
        }
        else
        {
            _completion.TrySetException(Failure);
        }
    }
}
