using System.Globalization;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>What browsers make of it: Chromium, headless.</summary>
[Trait("Category", "judges")]
public class BrowserTests
{
    [Fact]
    public async Task A_page_of_an_allowed_origin_reads_a_list_and_another_is_refused_by_the_browser()
    {
        var (allowed, other) = (FreePort.Next(), FreePort.Next());
        await using var gateway = await GatewayProcess.Start(("Cors:Origins:0", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{allowed}")));
        var api = new ApiClient(gateway);
        foreach (var name in new[] { "a", "b" })
        {
            await api.Post("/v1/keys", new { name, scopes = new[] { "mail.read" } });
        }
        using var profile = new TemporaryDirectory();
        var output = await Judges.Run(
            "cors.mjs", profile["profile"], new Uri(gateway.Http.BaseAddress!, "/v1/keys?limit=1").AbsoluteUri, gateway.AdminKey,
            allowed.ToString(CultureInfo.InvariantCulture), other.ToString(CultureInfo.InvariantCulture));
        var seen = JsonElement.Parse(output[^1]);

        var reader = seen.GetProperty("allowed");
        Assert.Equal((200, 1), (reader.GetProperty("status").GetInt32(), reader.GetProperty("items").GetInt32()));
        Assert.Matches("^</v1/keys\\?limit=1&cursor=[^>]+>; rel=\"next\"$", reader.GetProperty("link").GetString());
        Assert.Equal(0, reader.GetProperty("console").GetArrayLength());

        var refused = seen.GetProperty("other");
        Assert.Equal("TypeError: Failed to fetch", refused.GetProperty("error").GetString());
        Assert.Equal("opaque", refused.GetProperty("reachable").GetString());
        Assert.Contains("blocked by CORS policy", refused.GetProperty("console")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_for_people_shows_every_operation_and_tries_one_without_a_complaint()
    {
        var gateway = await SharedServers.Gateway;
        using var profile = new TemporaryDirectory();
        var output = await Judges.Run("swagger.mjs", profile["profile"], gateway.Http.BaseAddress!.GetLeftPart(UriPartial.Authority), gateway.AdminKey);
        var seen = JsonElement.Parse(output[^1]);

        var document = JsonElement.Parse(await File.ReadAllTextAsync(Judges.Document));
        var operations = new[] { "paths", "webhooks" }.SelectMany(kind => document.GetProperty(kind).EnumerateObject()).SelectMany(path => path.Value.EnumerateObject()).Select(operation => operation.Value.GetProperty("operationId").GetString());
        Assert.Equal(operations.Order(), seen.GetProperty("operations").EnumerateArray().Select(name => name.GetString()).Order());
        Assert.Equal((200, new Uri(gateway.Http.BaseAddress!, "/v1/accounts?limit=50").AbsoluteUri), (seen.GetProperty("tried").GetInt32(), seen.GetProperty("asked").GetString()));
        Assert.Equal("ImapGateway", seen.GetProperty("title").GetString());
        Assert.Empty(seen.GetProperty("errors").EnumerateArray().Select(error => error.GetString()));
        Assert.Empty(seen.GetProperty("elsewhere").EnumerateArray().Select(address => address.GetString()));
    }
}
