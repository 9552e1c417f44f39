using System.Collections.Immutable;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Index;

public class FingerprintTests
{
    private static readonly MessageHeaders Bare = new(null, null, null, [], [], null, [], [], [], [], [], [], null, DateTimeOffset.UnixEpoch, 1, []);

    private static readonly MessageHeaders Letter = Bare with
    {
        Subject = "Offer",
        From = [new EmailAddress("Anna", "anna@example.org")],
        Date = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.FromHours(2)),
    };

    [Fact]
    public void The_servers_own_id_counts_before_the_message_id() =>
        Assert.Equal(Fingerprint.OfEmailId("M1"), Fingerprint.Of(Letter with { EmailId = "M1", MessageId = "a@example.org" }));

    [Fact]
    public void The_message_id_counts_before_date_author_and_subject() =>
        Assert.Equal(Fingerprint.OfMessageId("a@example.org"), Fingerprint.Of(Letter with { MessageId = "a@example.org" }));

    [Fact]
    public void An_email_id_and_a_message_id_that_read_alike_are_not_the_same() => Assert.NotEqual(Fingerprint.OfEmailId("x"), Fingerprint.OfMessageId("x"));

    [Fact]
    public void Without_message_id_date_author_and_subject_tell_together()
    {
        var fingerprint = Fingerprint.Of(Letter);
        Assert.True(Fingerprint.Tells(fingerprint));
        Assert.Equal(fingerprint, Fingerprint.Of(Letter with { Date = Letter.Date!.Value.ToUniversalTime(), Size = 5, ReceivedAt = DateTimeOffset.MaxValue }));
        Assert.NotEqual(fingerprint, Fingerprint.Of(Letter with { Subject = "Another" }));
        Assert.NotEqual(fingerprint, Fingerprint.Of(Letter with { From = [new EmailAddress("Anna", "anna@example.com")] }));
        Assert.NotEqual(fingerprint, Fingerprint.Of(Letter with { Date = Letter.Date.Value.AddSeconds(1) }));
    }

    [Fact]
    public void A_message_with_nothing_to_be_told_by_has_none()
    {
        Assert.Equal(Fingerprint.None, Fingerprint.Of(Bare));
        Assert.Equal(Fingerprint.None, Fingerprint.Of(Letter with { Date = null }));
        Assert.Equal(Fingerprint.None, Fingerprint.Of(Letter with { From = ImmutableArray<EmailAddress>.Empty }));
        Assert.False(Fingerprint.Tells(Fingerprint.None));
        Assert.False(Fingerprint.Tells(Fingerprint.Unknown));
    }
}
