using Microsoft.Extensions.Options;

namespace ImapGateway.Sync.Watching;

/// <summary>Spreads the logins of watchers. Without it, a gateway that starts or a mail server that comes back would cause the logins of all accounts at once.</summary>
public sealed class LoginRamp(IOptions<WatchOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private DateTimeOffset _next = DateTimeOffset.MinValue;

    public Task WaitAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var step = TimeSpan.FromSeconds(1) / options.Value.RampLogins;
        DateTimeOffset turn;
        lock (_lock)
        {
            turn = _next > now ? _next : now;
            _next = turn + step;
        }
        var wait = turn - now + Random.Shared.NextDouble() * step;
        return turn > now ? Task.Delay(wait, time, cancel) : Task.CompletedTask;
    }
}
