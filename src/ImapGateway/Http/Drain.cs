using Microsoft.Extensions.Options;

namespace ImapGateway.Http;

/// <summary>
/// Ends the requests that are still running some time after the gateway was asked to stop. Otherwise the server waits for them until the host's whole time to stop
/// is used up, and the connections of the accounts end without a LOGOUT.
/// </summary>
public sealed class Drain : IDisposable
{
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _stopping;

    public Drain(IHostApplicationLifetime lifetime, IOptions<HttpOptions> options, TimeProvider time)
    {
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _stopping = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(options.Value.DrainTime));
    }

    /// <summary>A token that is cancelled when the time is over.</summary>
    public CancellationToken Over => _over.Token;

    public void Dispose()
    {
        _stopping.Dispose();
        _over.Dispose();
    }
}

public sealed class DrainMiddleware(RequestDelegate next, Drain drain)
{
    public async Task InvokeAsync(HttpContext context)
    {
        using var end = drain.Over.UnsafeRegister(static state => ((HttpContext)state!).Abort(), context);
        await next(context);
    }
}
