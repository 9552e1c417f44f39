namespace ImapGateway.Webhooks.Lanes;

/// <summary>The schedule of attempts: the time between a failed attempt and the next one.</summary>
public sealed class RetrySchedule(IReadOnlyList<TimeSpan> steps)
{
    /// <summary>The largest jitter as a part of a step: receivers that failed together must not be called together.</summary>
    public const double Jitter = 0.2;

    /// <summary>The longest delay. A receiver that asks for more is called again after this time.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(1);

    /// <param name="failures">The number of attempts that have failed by now, 1 or more.</param>
    /// <param name="retryAfter">The delay that the receiver asked for. It is never called earlier.</param>
    /// <param name="random">A random number from 0 to 1.</param>
    /// <returns>The delay, or null if that was the last attempt.</returns>
    public TimeSpan? After(int failures, TimeSpan? retryAfter, double random)
    {
        if (failures > steps.Count)
        {
            return null;
        }
        var wait = steps[failures - 1] * (1 + (Jitter * random));
        var asked = retryAfter > LongestRetryAfter ? LongestRetryAfter : retryAfter ?? TimeSpan.Zero;
        return wait > asked ? wait : asked;
    }
}
