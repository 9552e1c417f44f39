using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Contract;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>GraphQL over HTTP, judged by a public tool and by what it leaves out.</summary>
public sealed class TransportTests
{
    private const int Audits = 61;

    [Fact]
    [Trait("Category", "judges")]
    public async Task All_audits_of_graphql_http_pass()
    {
        var gateway = await SharedServers.Gateway;
        var table = await Judges.Run("graphql-http.mjs", new Uri(gateway.Http.BaseAddress!, "/graphql").ToString(), gateway.AdminKey);
        foreach (var line in table)
        {
            TestContext.Current.TestOutputHelper!.WriteLine(line);
        }
        Assert.Equal(Audits, table.Count);
        Assert.All(table, line => Assert.StartsWith("ok | ", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("POST", "text/plain", null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "application/x-www-form-urlencoded", null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "multipart/form-data", null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "application/json", "text/html", HttpStatusCode.NotAcceptable)]
    [InlineData("PUT", "application/json", null, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "application/json", "text/html, */*;q=0.1", HttpStatusCode.OK)]
    public async Task What_a_page_of_somebody_else_could_send_is_refused(string method, string contentType, string? accept, HttpStatusCode expected)
    {
        var gateway = await SharedServers.Gateway;
        using var request = new HttpRequestMessage(new HttpMethod(method), "/graphql") { Content = new StringContent("""{"query":"{__typename}"}""", Encoding.UTF8) };
        request.Content.Headers.ContentType = new(contentType);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, br");
        using var answer = await gateway.Http.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Empty(answer.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task Without_a_key_nothing_is_parsed()
    {
        var gateway = await SharedServers.Gateway;
        using var stranger = new HttpClient { BaseAddress = gateway.Http.BaseAddress };
        (await new ApiClient(stranger).Post("/graphql", new { query = "{ __typename" })).Is(HttpStatusCode.Unauthorized).IsProblem("unauthorized");
    }

    [Fact]
    public async Task Requests_that_are_too_large_or_too_deep_are_refused_before_they_are_read()
    {
        var api = new ApiClient(await SharedServers.Gateway);
        (await api.Graph("{ __typename }", new { large = new string('x', 200_000) })).Is(HttpStatusCode.RequestEntityTooLarge).IsProblem("too_large");
        var deep = """{"query":"{ __typename }","variables":{"a":""" + new string('[', 20_000) + new string(']', 20_000) + "}}";
        var gateway = await SharedServers.Gateway;
        using var content = new StringContent(deep, Encoding.UTF8, "application/json");
        using var answer = await gateway.Http.PostAsync(new Uri("/graphql", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("nested", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
