namespace ImapGateway.Storage.Sqlite;

/// <summary>A queued write. Its outcome is kept until the group is committed, and replaced when the group must be run again.</summary>
internal abstract class WriteJob
{
    private const int Queued = 0;
    private const int Begun = 1;
    private const int Cancelled = 2;

    private int _state = Queued;

    /// <summary>Begins the job; false if the caller has cancelled it before.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Queued) == Queued;

    protected bool TryCancel() => Interlocked.CompareExchange(ref _state, Cancelled, Queued) == Queued;

    /// <summary>The exception of the job in its last run; its changes are rolled back.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The class whose code it runs, for the log.</summary>
    public abstract string Origin { get; }

    public abstract void Run(GatewayDbContext context);

    /// <summary>Reports the outcome to the caller.</summary>
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

    /// <summary>Runs the job. On SQLite its tasks are complete when they are returned; waiting here blocks only the writer's own thread.</summary>
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
