using ImapGateway.Sync.Watching;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Sync;

public class PaceTests
{
    [Fact]
    public void Many_rounds_follow_each_other_and_then_they_are_spread()
    {
        var time = new FakeTimeProvider();
        var pace = new Pace(time);
        Assert.All(Enumerable.Range(0, Pace.Burst), _ => Assert.Equal(TimeSpan.Zero, pace.Next()));
        for (var i = 0; i < 10; i++)
        {
            var wait = pace.Next();
            Assert.InRange(wait, Pace.Interval * 0.9, Pace.Interval * 1.1);
            time.Advance(wait);
        }
        time.Advance(Pace.Interval * Pace.Burst * 2);
        Assert.All(Enumerable.Range(0, Pace.Burst), _ => Assert.Equal(TimeSpan.Zero, pace.Next()));
        Assert.NotEqual(TimeSpan.Zero, pace.Next());
    }
}
