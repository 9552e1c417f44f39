using ImapGateway.Mail;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Tests.Webhooks.Lanes;

public sealed class OutcomeWriterTests : IAsyncDisposable
{
    private static readonly ProblemException Away = new(ErrorCode.Unavailable, "The database is away.");

    private readonly DeliveryWorld _world = new();

    private OutcomeWriter Outcomes => _world.Outcomes;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task<List<long>> Written() => [.. (await _world.Rows<DeliveryEntity>()).Select(row => row.Sequence).Order()];

    [Fact]
    public async Task What_was_recorded_is_written_in_one_transaction_and_the_last_entry_counts()
    {
        await _world.Add(_world.Webhook("wh_1"));
        var lane = await _world.Lane("wh_1");
        var before = _world.Writes;
        Outcomes.Add(lane, _world.Outcome("wh_1", 1, DeliveryState.Pending));
        Outcomes.Add(lane, _world.Outcome("wh_1", 1));
        Outcomes.Add(lane, _world.Outcome("wh_1", 2));
        Outcomes.Moved(lane, 1);
        Outcomes.Moved(lane, 2);
        Outcomes.Succeeded("wh_1", _world.Time.GetUtcNow());
        var written = Outcomes.WrittenAsync(default);
        Assert.False(written.IsCompleted);
        await _world.Flush();
        await written;

        Assert.Equal(before + 1, _world.Writes);
        Assert.All(await _world.Rows<DeliveryEntity>(), row => Assert.Equal(DeliveryState.Delivered, row.State));
        Assert.Equal([1, 2], await Written());
        Assert.Equal(2, (await _world.Rows<LaneEntity>()).Single().Cursor);
        Assert.Equal(_world.Time.GetUtcNow(), (await _world.Row("wh_1")).LastSuccessAt);
    }

    [Fact]
    public async Task What_the_storage_does_not_take_now_is_written_later_with_what_came_meanwhile()
    {
        await _world.Add(_world.Webhook("wh_1"));
        var lane = await _world.Lane("wh_1");
        Outcomes.Add(lane, _world.Outcome("wh_1", 1, DeliveryState.Pending));
        Outcomes.Add(lane, _world.Outcome("wh_1", 2));
        var written = Outcomes.WrittenAsync(default);
        _world.Fault = () =>
        {
            // A lane goes on while its outcomes are written.
            Outcomes.Add(lane, _world.Outcome("wh_1", 1));
            return Away;
        };
        await _world.Flush();
        Assert.False(written.IsCompleted);
        Assert.Empty(await Written());

        _world.Fault = () => null;
        await _world.Flush();
        await written;
        Assert.Equal([1, 2], await Written());
        Assert.All(await _world.Rows<DeliveryEntity>(), row => Assert.Equal(DeliveryState.Delivered, row.State));
    }

    [Fact]
    public async Task An_entry_that_can_never_be_written_costs_no_other_endpoint_its_outcomes()
    {
        await _world.Add(_world.Webhook("wh_1"), _world.Webhook("wh_2"));
        var (bad, good) = (await _world.Lane("wh_1"), await _world.Lane("wh_2"));
        var lost = new List<LaneRef>();
        Outcomes.Lost += lost.Add;
        Outcomes.Add(good, _world.Outcome("wh_2", 1));
        Outcomes.Moved(bad, 1);
        var left = 2;
        // The transaction for all fails, then the one for the first endpoint.
        _world.Fault = () => left-- > 0 ? new InvalidOperationException("injected") : null;
        var written = Outcomes.WrittenAsync(default);
        await _world.Flush();
        await written;
        Assert.Equal([bad], lost);
        Assert.Equal("wh_2", Assert.Single(await _world.Rows<DeliveryEntity>()).Webhook);
    }

    [Fact]
    public async Task A_lane_with_another_owner_is_lost_and_nothing_of_it_is_written()
    {
        await _world.Add(_world.Webhook("wh_1"));
        var lane = await _world.Lane("wh_1");
        await _world.ClaimAgain("wh_1");
        var lost = new List<LaneRef>();
        Outcomes.Lost += lost.Add;
        Outcomes.Add(lane, _world.Outcome("wh_1", 1));
        Outcomes.Add(null, _world.Outcome("wh_1", 2));
        Outcomes.Moved(lane, 1);
        await _world.Flush();
        Assert.Equal([lane], lost);
        Assert.Equal([2], await Written());
        Assert.Equal(0, (await _world.Rows<LaneEntity>()).Single().Cursor);
    }

    [Fact]
    public async Task A_cursor_never_goes_back_and_a_lane_at_its_end_is_deleted()
    {
        await _world.Add(_world.Webhook("wh_1"));
        var lane = await _world.Lane("wh_1", cursor: 5);
        Outcomes.Moved(lane, 4);
        await _world.Flush();
        Assert.Equal(5, (await _world.Rows<LaneEntity>()).Single().Cursor);
        Outcomes.Ended(lane, 6);
        await _world.Flush();
        Assert.Empty(await _world.Rows<LaneEntity>());
    }

    [Fact]
    public async Task An_endpoint_that_is_deleted_has_no_outcomes()
    {
        await _world.Add(_world.Webhook("wh_1"));
        Outcomes.Add(null, _world.Outcome("wh_1", 1));
        Outcomes.Add(null, _world.Outcome("wh_gone", 1));
        await _world.Flush();
        Assert.Equal("wh_1", Assert.Single(await _world.Rows<DeliveryEntity>()).Webhook);
    }

    [Fact]
    public async Task Lanes_wait_while_too_much_waits_to_be_written()
    {
        await _world.Add(_world.Webhook("wh_1"));
        for (var sequence = 1; sequence <= 1023; sequence++)
        {
            Outcomes.Add(null, _world.Outcome("wh_1", sequence));
        }
        await Outcomes.RoomAsync(default);
        Outcomes.Add(null, _world.Outcome("wh_1", 1024));
        var room = Outcomes.RoomAsync(default).AsTask();
        Assert.False(room.IsCompleted);
        await _world.Flush();
        await room;
    }
}
