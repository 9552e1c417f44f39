using System.Text;
using System.Text.Json;
using ImapGateway.GraphQL.Transport;

namespace ImapGateway.Tests.GraphQL.Transport;

public class RequestReaderTests
{
    /// <summary>Which of the two members is meant is not known (RFC 8259 section 4).</summary>
    [Theory]
    [InlineData("""{"query":"{a}","query":"{b}"}""")]
    [InlineData("""{"query":"{a}","variables":{"a":1,"a":2}}""")]
    [InlineData("""{"query":"{a}","variables":{"a":{"b":[{"c":1,"c":1}]}}}""")]
    [InlineData("""{"query":"{a}","variables":{"a":1,"\u0061":2}}""")]
    public void Two_members_of_one_name_are_no_request(string body) =>
        Assert.ThrowsAny<JsonException>(() => RequestReader.Parse(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Names_that_differ_in_case_are_two() =>
        Assert.Equal(2, RequestReader.Parse("""{"a":1,"A":2}"""u8.ToArray()).RootElement.EnumerateObject().Count());
}
