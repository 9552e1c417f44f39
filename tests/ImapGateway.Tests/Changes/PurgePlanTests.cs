using ImapGateway.Changes;

namespace ImapGateway.Tests.Changes;

public class PurgePlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, long> Nothing = [];

    private static PurgePlan Plan(IEnumerable<AgedChange> rows, Dictionary<string, long>? needed = null, PurgePlan? before = null) =>
        (before ?? PurgePlan.Start).Next(rows, Now.AddDays(-7), Now.AddDays(-30), needed ?? Nothing);

    private static AgedChange Row(long row, string incarnation, long sequence, double days) => new(new GlobalPosition(0, row), incarnation, sequence, Now.AddDays(-days));

    private static IEnumerable<long> Rows(PurgePlan plan) => plan.Delete.Select(change => change.Position.Row);

    [Fact]
    public void What_is_old_goes_up_to_the_first_that_is_not()
    {
        var plan = Plan([Row(1, "a", 1, 9), Row(2, "b", 1, 8), Row(3, "a", 2, 6), Row(4, "b", 2, 8)]);
        Assert.Equal([1L, 2L], Rows(plan));
        Assert.True(plan.Done);
        Assert.False(Plan([Row(1, "a", 1, 9)]).Done);
    }

    [Fact]
    public void What_is_needed_stays_until_it_is_too_old_for_that_too()
    {
        var needed = new Dictionary<string, long> { ["a"] = 2 };
        var plan = Plan([Row(1, "a", 1, 40), Row(2, "a", 2, 35), Row(3, "a", 3, 20), Row(4, "b", 1, 20), Row(5, "a", 4, 10)], needed);
        Assert.Equal([1L, 2L, 4L], Rows(plan));
        Assert.Equal(["a"], plan.Held);
    }

    [Fact]
    public void An_account_of_which_a_row_is_kept_loses_no_later_one()
    {
        // The clock was set back: row 3 says that it is older than row 2.
        var needed = new Dictionary<string, long> { ["a"] = 1 };
        var first = Plan([Row(1, "b", 1, 50), Row(2, "a", 1, 20)], needed);
        var second = Plan([Row(3, "a", 2, 40), Row(4, "b", 2, 8)], needed, first);
        Assert.Equal([1L], Rows(first));
        Assert.Equal([4L], Rows(second));
    }
}
