using ImapGateway.Sync.Watching;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Sync;

public class IdleLimitTests
{
    private readonly FakeTimeProvider _time = new();

    private IdleLimit After(params double[] seconds)
    {
        var limit = new IdleLimit(_time);
        foreach (var idle in seconds)
        {
            limit.Ended(TimeSpan.FromSeconds(idle));
        }
        return limit;
    }

    [Theory]
    [InlineData(new[] { 5.0 })]
    [InlineData(new[] { 5.0, 60.0 })]
    [InlineData(new[] { 60.0, 5.0, 60.0 })]
    public void Ends_after_different_times_are_no_rule(double[] seconds)
    {
        Assert.Equal(TimeSpan.MaxValue, After(seconds).Longest);
        Assert.False(After(seconds).IsUnmet);
    }

    [Theory]
    [InlineData(new[] { 5.0, 5.1 }, 3.5)]
    [InlineData(new[] { 60.0, 5.1, 5.0 }, 3.5)]
    [InlineData(new[] { 300.0, 301.0 }, 210)]
    public void Ends_after_the_same_time_are_learnt_until_a_day_has_passed(double[] seconds, double longest)
    {
        var limit = After(seconds);
        Assert.Equal(TimeSpan.FromSeconds(longest), limit.Longest);
        _time.Advance(IdleLimit.Forgotten);
        Assert.Equal(TimeSpan.MaxValue, limit.Longest);
    }

    [Theory]
    [InlineData(new[] { 1.0, 1.0, 1.0 })]
    [InlineData(new[] { 5.0, 5.0, 3.4, 0.5, 1.5 })]
    public void Ends_that_idle_time_does_not_explain_cannot_be_met_until_a_connection_lasts(double[] seconds)
    {
        Assert.False(After(seconds[..^1]).IsUnmet);
        var limit = After(seconds);
        Assert.True(limit.IsUnmet);
        limit.Lasted();
        Assert.False(limit.IsUnmet);
    }
}
