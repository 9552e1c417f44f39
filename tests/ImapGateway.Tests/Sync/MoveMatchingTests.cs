using ImapGateway.Index;
using ImapGateway.Sync;

namespace ImapGateway.Tests.Sync;

public class MoveMatchingTests
{
    private const ulong A = 1, B = 2, C = 3;

    private static readonly ulong Letter = Fingerprint.OfMessageId("letter@example.org");
    private static readonly ulong Other = Fingerprint.OfMessageId("other@example.org");

    private static LeavingMessage Gone(ulong mailbox, uint uid, ulong fingerprint, bool waits = true) => new(new MessagePlace(mailbox, uid), fingerprint, waits);

    private static ArrivingMessage New(ulong mailbox, uint uid, ulong fingerprint, bool waits = true) => new(new MessagePlace(mailbox, uid), fingerprint, waits);

    private static ILookup<ulong, ulong> Present(params (ulong Fingerprint, ulong Mailbox)[] messages) => messages.ToLookup(one => one.Fingerprint, one => one.Mailbox);

    private static string Decide(LeavingMessage[] leaving, ArrivingMessage[] arriving, ILookup<ulong, ulong>? present = null, Func<MessagePlace, DateTimeOffset?>? receivedAt = null)
    {
        var decisions = MoveMatching.Decide(leaving, arriving, present ?? Present(), receivedAt ?? (_ => null));
        static string Text(MessagePlace place) => $"{place.Mailbox}/{place.Uid}";
        return string.Join(' ', decisions.Moved.Select(pair => $"{Text(pair.From.Place)}>{Text(pair.To.Place)}")
            .Concat(decisions.Removed.Select(one => "-" + Text(one.Place))).Concat(decisions.Added.Select(one => "+" + Text(one.Place))));
    }

    [Fact]
    public void What_is_gone_here_and_new_there_was_moved() => Assert.Equal("1/5>2/9", Decide([Gone(A, 5, Letter)], [New(B, 9, Letter)]));

    [Fact]
    public void A_new_message_like_no_other_waits_for_nothing() => Assert.Equal("+2/9", Decide([Gone(A, 5, Other)], [New(B, 9, Letter)]));

    [Fact]
    public void A_new_message_like_one_that_is_there_waits_until_it_is_certain_that_it_is_a_copy()
    {
        Assert.Equal("", Decide([], [New(B, 9, Letter)], Present((Letter, A))));
        Assert.Equal("+2/9", Decide([], [New(B, 9, Letter, waits: false)], Present((Letter, A))));
    }

    [Fact]
    public void A_second_one_in_the_same_mailbox_cannot_have_been_moved() => Assert.Equal("+2/9", Decide([], [New(B, 9, Letter)], Present((Letter, B))));

    [Fact]
    public void What_is_gone_waits_until_it_is_certain_that_it_is_nowhere()
    {
        Assert.Equal("", Decide([Gone(A, 5, Letter)], []));
        Assert.Equal("-1/5", Decide([Gone(A, 5, Letter, waits: false)], []));
    }

    [Fact]
    public void What_has_nothing_to_be_told_by_waits_for_nothing()
    {
        Assert.Equal("-1/5 -1/6 +2/9", Decide([Gone(A, 5, Fingerprint.Unknown), Gone(A, 6, Fingerprint.None)], [New(B, 9, Fingerprint.None)]));
    }

    [Fact]
    public void Gone_and_new_in_one_mailbox_was_away_and_is_back() => Assert.Equal("1/5>1/9", Decide([Gone(A, 5, Letter)], [New(A, 9, Letter)]));

    [Fact]
    public void One_that_is_gone_is_not_two_that_are_new()
    {
        Assert.Equal("1/5>2/9", Decide([Gone(A, 5, Letter)], [New(C, 4, Letter), New(B, 9, Letter)]));
        Assert.Equal("1/5>2/9 +3/4", Decide([Gone(A, 5, Letter)], [New(C, 4, Letter, waits: false), New(B, 9, Letter)]));
    }

    [Fact]
    public void Of_several_alike_those_received_at_the_same_moment_belong_together()
    {
        static DateTimeOffset? At(MessagePlace place) => place switch
        {
            { Mailbox: A, Uid: 5 } or { Mailbox: B, Uid: 10 } => DateTimeOffset.UnixEpoch,
            { Mailbox: A, Uid: 6 } or { Mailbox: B, Uid: 9 } => DateTimeOffset.UnixEpoch.AddHours(1),
            _ => null,
        };
        Assert.Equal("1/5>2/9 1/6>2/10", Decide([Gone(A, 6, Letter), Gone(A, 5, Letter)], [New(B, 10, Letter), New(B, 9, Letter)]));
        Assert.Equal("1/6>2/9 1/5>2/10", Decide([Gone(A, 5, Letter), Gone(A, 6, Letter)], [New(B, 9, Letter), New(B, 10, Letter)], receivedAt: At));
    }

    [Fact]
    public void Any_number_of_messages_may_be_alike()
    {
        const int Many = 100_000;
        var decisions = MoveMatching.Decide(
            [.. Enumerable.Range(1, Many).Select(uid => Gone(A, (uint)uid, Letter))],
            [.. Enumerable.Range(1, Many).Select(uid => New(B, (uint)uid, Letter))],
            Present(),
            _ => DateTimeOffset.UnixEpoch);
        Assert.All(decisions.Moved, pair => Assert.Equal(pair.From.Place.Uid, pair.To.Place.Uid));
        Assert.Equal(Many, decisions.Moved.Count);
    }
}
