using System.Globalization;
using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class SearchOrderTests
{
    private const int Most = SearchOrder.MostUnordered;

    private static string Line(IEnumerable<int> numbers, string start = "* SEARCH") =>
        $"{start} {string.Join(' ', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)))}\r\n";

    private static IEnumerable<int> Descending(int count) => Enumerable.Range(1, count).Reverse();

    /// <summary>The same whatever pieces it comes in.</summary>
    private static bool IsExceeded(string answer)
    {
        var outcomes = new[] { 1, 7, 4096, int.MaxValue }.Select(size =>
        {
            var order = new SearchOrder();
            return Encoding.ASCII.GetBytes(answer).Chunk(Math.Min(size, answer.Length)).Aggregate(false, (exceeded, piece) => order.IsExceeded(piece) || exceeded);
        });
        return Assert.Single(outcomes.Distinct());
    }

    [Fact]
    public void Ascending_numbers_are_an_answer_however_many() => Assert.False(IsExceeded(Line(Enumerable.Range(1, 5 * Most))));

    [Fact]
    public void Some_numbers_may_be_out_of_order() => Assert.False(IsExceeded(Line(Descending(Most + 1))));

    [Theory]
    [InlineData("* SEARCH")]
    [InlineData("* search")]
    [InlineData("*  Search ")]
    [InlineData("* OK hello\r\n* ESEARCH UID ALL 1:5\r\n* SEARCH")]
    public void Descending_numbers_are_refused(string start) => Assert.True(IsExceeded(Line(Descending(Most + 2), start)));

    [Fact]
    public void Ascending_lines_that_go_into_each_other_are_refused() =>
        Assert.True(IsExceeded(Line(Enumerable.Range(1, 2 * Most).Select(i => 2 * i)) + Line(Enumerable.Range(1, 2 * Most).Select(i => 2 * i - 1))));

    [Theory]
    [InlineData("* ESEARCH")]
    [InlineData("* OK")]
    [InlineData("* SEARCHES")]
    public void Numbers_of_other_lines_do_not_count(string start) => Assert.False(IsExceeded(Line(Descending(Most + 2), start)));

    [Fact]
    public void Each_command_is_counted_anew()
    {
        var order = new SearchOrder();
        var answer = Encoding.ASCII.GetBytes(Line(Descending(Most)));
        Assert.False(order.IsExceeded(answer));
        order.Reset();
        Assert.False(order.IsExceeded(answer));
        Assert.True(order.IsExceeded(answer));
    }
}
