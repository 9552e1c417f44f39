using ImapGateway.Imap;
using ImapGateway.Mail;
using MailKit.Net.Imap;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Imap;

public class QuirksTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public void What_is_refused_is_done_without_for_a_day_and_told_once()
    {
        var quirks = new Quirks(_time, []);
        var told = new List<string>();
        quirks.Learnt = quirk => told.Add(quirk.Name);
        quirks.Learn("LIST-STATUS", "BAD");
        quirks.Learn("LIST-STATUS", "BAD again");
        quirks.Learn(Quirks.Subscriptions, "BAD");
        Assert.Equal(["LIST-STATUS", "LSUB"], told);
        Assert.Equal([("LIST-STATUS", "BAD"), ("LSUB", "BAD")], quirks.Known.Select(quirk => (quirk.Name, quirk.Detail)));
        Assert.Equal(ImapCapabilities.ListStatus, quirks.Refused);
        _time.Advance(TimeSpan.FromHours(23));
        Assert.True(quirks.Has("LIST-STATUS"));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(quirks.Has("LIST-STATUS"));
        Assert.Equal((ImapCapabilities.None, 0), (quirks.Refused, quirks.Known.Length));
        quirks.Learn("LIST-STATUS", "BAD still");
        Assert.Equal(DateTimeOffset.UnixEpoch.AddDays(1), quirks.Known.Single().Since);
        Assert.Equal(3, told.Count);
    }

    [Fact]
    public void Without_condstore_there_is_no_qresync()
    {
        var quirks = new Quirks(_time, [new Quirk("CONDSTORE", _time.GetUtcNow(), "")]);
        Assert.Equal(ImapCapabilities.CondStore | ImapCapabilities.QuickResync, quirks.Refused);
    }

    [Theory]
    [InlineData(ErrorCode.AccountProtocol, null, true)]
    [InlineData(ErrorCode.AccountDenied, null, true)]
    [InlineData(ErrorCode.AccountDenied, "BADCHARSET", true)]
    [InlineData(ErrorCode.AccountDenied, "NOPERM", false)]
    [InlineData(ErrorCode.AccountUnavailable, null, false)]
    [InlineData(ErrorCode.AccountUnavailable, "SERVERBUG", false)]
    [InlineData(ErrorCode.AccountThrottled, null, false)]
    [InlineData(ErrorCode.NotFound, "NONEXISTENT", false)]
    public void A_refusal_speaks_of_the_command_unless_it_says_otherwise(ErrorCode code, string? responseCode, bool ofCommand) =>
        Assert.Equal(ofCommand, Quirks.IsOfCommand(new Problem(code, "", Upstream: new Upstream(responseCode, "words"))));
}
