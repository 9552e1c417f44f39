using ImapGateway.Webhooks.Lanes;




namespace ImapGateway.Tests.Webhooks.Lanes;

public class RetryScheduleTests
{
    private static readonly RetrySchedule Schedule = new([TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2)]);

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 120)]
    public void Each_failure_has_its_step_and_jitter_only_adds(int failures, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), Schedule.After(failures, null, 0));
        Assert.Equal(TimeSpan.FromSeconds(seconds) * (1 + RetrySchedule.Jitter), Schedule.After(failures, null, 1));
    }

    [Fact]
    public void After_the_last_step_it_is_over_whatever_the_receiver_asks_for() => Assert.Null(Schedule.After(3, TimeSpan.FromSeconds(1), 0.5));

    [Theory]
    [InlineData(1, 5)]
    [InlineData(60, 60)]
    [InlineData(10 * 86400, 86400)]
    public void A_receiver_is_never_called_earlier_than_it_asked_for_within_reason(int asked, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Schedule.After(1, TimeSpan.FromSeconds(asked), 0));
}
