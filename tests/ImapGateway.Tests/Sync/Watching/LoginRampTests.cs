using ImapGateway.Sync.Watching;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Sync.Watching;

public class LoginRampTests
{
    [Fact]
    public void As_many_may_log_in_each_second_as_the_setting_says()
    {
        var time = new FakeTimeProvider();
        var ramp = new LoginRamp(Options.Create(new WatchOptions { RampLogins = 50 }), time);
        var logins = Enumerable.Range(0, 500).Select(_ => ramp.WaitAsync(CancellationToken.None)).ToList();
        Assert.Single(logins, login => login.IsCompleted);
        for (var second = 1; second <= 10; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            // Each comes up to one step later than its turn.
            Assert.InRange(logins.Count(login => login.IsCompleted), 50 * second - 1, 50 * second + 1);
        }
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(logins, login => Assert.True(login.IsCompletedSuccessfully));
        Assert.True(ramp.WaitAsync(CancellationToken.None).IsCompleted);
    }
}
