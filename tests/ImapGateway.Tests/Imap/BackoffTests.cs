using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Imap;

public class BackoffTests
{
    private static readonly Problem Unreachable = new(ErrorCode.AccountUnavailable, "");

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(6, 32)]
    [InlineData(7, 60)]
    [InlineData(int.MaxValue, 60)]
    public void It_doubles_up_to_a_minute(int failures, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), Backoff.After(Unreachable, failures, 1));
        Assert.Equal(TimeSpan.FromSeconds(seconds) / 2, Backoff.After(Unreachable, failures, 0));
    }

    [Fact]
    public void A_thousand_accounts_do_not_come_back_at_once()
    {
        var random = new Random(1);
        var waits = Enumerable.Range(0, 1000).Select(_ => Backoff.After(Unreachable, 7, random.NextDouble())).ToList();
        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60)));
        // In no second more than a tenth of them.
        Assert.True(waits.GroupBy(wait => (int)wait.TotalSeconds).Max(second => second.Count()) < 100);
    }

    [Fact]
    public void A_refusal_without_a_reason_is_hardly_tried_again()
    {
        var refusal = new Problem(ErrorCode.AccountAuthFailed, "", Upstream: new Upstream(null, "LOGIN failed."));
        Assert.False(Backoff.IsFinal(refusal));
        Assert.Equal(TimeSpan.FromMinutes(5), Backoff.After(refusal, 1, 1));
        Assert.Equal(TimeSpan.FromHours(1), Backoff.After(refusal, 10, 1));
    }

    [Theory]
    [InlineData("AUTHENTICATIONFAILED")]
    [InlineData("AUTHORIZATIONFAILED")]
    [InlineData("EXPIRED")]
    public void A_refusal_by_name_is_final(string code) => Assert.True(Backoff.IsFinal(new Problem(ErrorCode.AccountAuthFailed, "", Upstream: new Upstream(code, null))));

    [Fact]
    public void Who_asks_to_be_left_alone_is_left_alone_at_least_that_long()
    {
        var throttled = new Problem(ErrorCode.AccountThrottled, "", RetryAfter: TimeSpan.FromMinutes(5));
        Assert.Equal(TimeSpan.FromMinutes(5), Backoff.After(throttled, 1, 0));
        Assert.Equal(TimeSpan.FromMinutes(10), Backoff.After(throttled, 1, 1));
    }

    [Theory]
    [InlineData(null, "NO LOGIN failed", true)]
    [InlineData(null, "Authentication failed.", true)]
    [InlineData(null, "", true)]
    [InlineData("AUTHENTICATIONFAILED", "LOGIN failed", false)]
    [InlineData("PRIVACYREQUIRED", "LOGIN failed", false)]
    [InlineData(null, "Wrong user name or password", false)]
    [InlineData(null, "Invalid credentials (Failure)", false)]
    [InlineData(null, "Login is not allowed for this account", false)]
    [InlineData(null, "The account is disabled", false)]
    public void A_refusal_is_vague_if_neither_its_code_nor_its_words_speak_of_the_credentials(string? code, string text, bool vague) =>
        Assert.Equal(vague, Backoff.IsVague(new Problem(ErrorCode.AccountAuthFailed, "", Upstream: new Upstream(code, text))));

    [Fact]
    public void Vague_refusals_are_tried_again_within_a_minute() =>
        Assert.True(Enumerable.Range(1, Backoff.MostVague).Sum(refusals => Backoff.AfterVague(refusals, 1).TotalSeconds) <= 60);
}
