using System.Diagnostics.CodeAnalysis;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>A lock that is awaited, in order of arrival and with a deadline.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A SemaphoreSlim holds nothing unless its wait handle is asked for.")]
public sealed class Turn
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _semaphore = new(1, 1);

    /// <summary>Waits for the lock. Disposing the result releases it.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancel) =>
        await _semaphore.WaitAsync(LongestWait, cancel)
            ? new Ending(_semaphore)
            : throw new ProblemException(new Problem(ErrorCode.AccountBusy, "The mailbox is busy. Try again.", RetryAfter: TimeSpan.FromSeconds(1)));

    private sealed class Ending(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
