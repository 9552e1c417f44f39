namespace ImapGateway.Webhooks;

/// <summary>When the next attempt follows a failed one.</summary>
public sealed class RetrySchedule(IReadOnlyList<TimeSpan> steps)
{
    /// <summary>Of a step, at most: receivers that went down together must not be called together.</summary>
    public const double Jitter = 0.2;

    /// <summary>A receiver that asks for more is asked again after this.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(1);

    /// <param name="failures">Attempts that have failed by now, 1 or more.</param>
    /// <param name="retryAfter">What the receiver asked for; it is never called earlier.</param>
    /// <param name="random">From 0 to 1.</param>
    /// <returns>Null: that was the last one.</returns>
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
