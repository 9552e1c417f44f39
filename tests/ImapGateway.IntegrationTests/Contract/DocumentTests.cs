using System.Globalization;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>schema/openapi.json before its judges; that it is what the gateway serves, another test holds.</summary>
public class DocumentTests
{
    [Fact]
    [Trait("Category", "judges")]
    public async Task Redocly_finds_nothing_to_complain_about()
    {
        var output = await Judges.Tool("@redocly/cli", "bin/cli.js", "lint", "--config", "redocly.yaml", Judges.Document);
        Assert.Contains(output, line => line.Contains("Your API description is valid", StringComparison.Ordinal));
        Assert.DoesNotContain(output, line => line.Contains("warning", StringComparison.OrdinalIgnoreCase) && !line.StartsWith("npm", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task Every_example_fits_its_schema()
    {
        var summary = (await Judges.Run("examples.mjs", Judges.Document))[^1];
        Assert.InRange(int.Parse(summary.Split(' ')[0], CultureInfo.InvariantCulture), 300, 100_000);
    }

    [Fact]
    public async Task The_gateway_serves_it_to_anybody()
    {
        var gateway = await SharedServers.Gateway;
        using var stranger = gateway.ClientWithKey(null);
        using var answer = await stranger.GetAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        Assert.Equal(await File.ReadAllTextAsync(Judges.Document), await answer.Content.ReadAsStringAsync());
        using var again = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json") { Headers = { IfNoneMatch = { answer.Headers.ETag! } } };
        using var unchanged = await stranger.SendAsync(again);
        Assert.Equal(System.Net.HttpStatusCode.NotModified, unchanged.StatusCode);
    }
}
