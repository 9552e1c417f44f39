using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Changes;

/// <summary>What counts as given in the history of an account whose database was restored twice: epoch 0 up to sequence 50, epoch 7 up to sequence 60, and epoch 9 since then.</summary>
public class EpochTests
{
    private static readonly LogRange Range = new(41, 65, 9, EndedEpochs.OfAccount($"0:50:120 7:60:{ObjectId.CounterIn(7, 20)}"));

    [Theory]
    [InlineData(0, 41, true)]
    [InlineData(0, 50, true)]
    [InlineData(0, 51, false)]
    [InlineData(7, 50, true)]
    [InlineData(7, 60, true)]
    [InlineData(7, 61, false)]
    [InlineData(9, 60, true)]
    [InlineData(9, 65, true)]
    [InlineData(9, 66, false)]
    [InlineData(5, 45, false)]
    [InlineData(8, 60, false)]
    [InlineData(12, 60, false)]
    public void A_position_is_good_up_to_the_end_of_its_epoch(long epoch, long sequence, bool isGood) => Assert.Equal(isGood, Range.Bounds.Has(new GlobalPosition(0, sequence, epoch)));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(50, 0)]
    [InlineData(51, 7)]
    [InlineData(60, 7)]
    [InlineData(61, 9)]
    public void A_sequence_belongs_to_the_epoch_that_gave_it(long sequence, long epoch) => Assert.Equal(epoch, Range.EpochOf(sequence));

    [Theory]
    [InlineData(ObjectId.Mailbox, 0, 119, false)]
    [InlineData(ObjectId.Mailbox, 0, 120, true)]
    [InlineData(ObjectId.Mailbox, 7, 19, false)]
    [InlineData(ObjectId.Mailbox, 7, 20, true)]
    [InlineData(ObjectId.Mailbox, 8, 1, true)]
    [InlineData(ObjectId.Mailbox, 9, 1, false)]
    [InlineData(ObjectId.Change, 0, 50, false)]
    [InlineData(ObjectId.Change, 0, 51, true)]
    [InlineData(ObjectId.Change, 7, 60, false)]
    [InlineData(ObjectId.Change, 7, 61, true)]
    [InlineData(ObjectId.Change, 9, 61, false)]
    public void An_id_is_lost_that_was_given_after_the_end_of_its_epoch(char kind, long epoch, long number, bool isLost) =>
        Assert.Equal(isLost, Range.IsLost(new ObjectId(kind, "abcdefgh", ObjectId.CounterIn(epoch, number))));

    [Fact]
    public void Positions_and_ids_name_their_epoch_and_those_of_the_first_epoch_are_as_they_always_were()
    {
        Assert.Equal("a_abcdefgh_42", FeedPosition.OfAccount("abcdefgh", 42));
        Assert.Equal("a_abcdefgh_9_42", FeedPosition.OfAccount("abcdefgh", 42, 9));
        Assert.Equal("g_abcdefgh_9_3_42", FeedPosition.OfAll("abcdefgh", new GlobalPosition(3, 42, 9)));
        Assert.Equal(new FeedPosition(false, "abcdefgh", new GlobalPosition(0, 42, 9)), FeedPosition.Parse("a_abcdefgh_9_42"));
        Assert.Equal(new FeedPosition(true, "abcdefgh", new GlobalPosition(3, 42, 9)), FeedPosition.Parse("g_abcdefgh_9_3_42"));
        Assert.Null(FeedPosition.Parse("a_abcdefgh_0_42"));
        Assert.Equal("e_abcdefghbk", ObjectId.OfChange("abcdefgh", 0, 42));
        Assert.True(ObjectId.TryParse(ObjectId.OfChange("abcdefgh", ObjectId.LastEpoch, 42), out var last));
        Assert.Equal((ObjectId.LastEpoch, 42), (last.Epoch, last.Number));
        Assert.True((long)ObjectId.CounterIn(ObjectId.LastEpoch, 42) > 0);
        Assert.Throws<OverflowException>(() => ObjectId.CounterIn(1, 1L << 40));
    }
}
