using ImapGateway.Access;
using Microsoft.AspNetCore.Builder;

namespace ImapGateway.Tests.Http;

public class CorsTests
{
    private static Task<TestGateway> Start(params string[] origins) => TestGateway.StartAsync(
        v1 => v1.MapPatch("/things", (Thing thing) => thing.Name).Requires(Scope.MailWrite),
        origins.Index().ToDictionary(entry => $"Cors:Origins:{entry.Index}", entry => (string?)entry.Item));

    private static Task<Answer> Preflight(TestGateway gateway, string origin, string method) => gateway.Send(
        "OPTIONS", "/v1/things", key: null, headers: [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization,if-match")]);

    [Theory]
    [InlineData("PATCH")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("QUERY")]
    public async Task A_preflight_is_answered_without_a_key(string method)
    {
        await using var gateway = await Start("https://app.example.com", "http://localhost:5173");

        var answer = await Preflight(gateway, "http://localhost:5173", method);

        Assert.Equal(204, answer.Status);
        Assert.Equal("http://localhost:5173", answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains(method, answer.Header("Access-Control-Allow-Methods")!.Split(','));
        Assert.Equal(
            ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Last-Event-ID", "Range"],
            answer.Header("Access-Control-Allow-Headers")!.Split(',').Order(StringComparer.Ordinal));
        Assert.Equal("3600", answer.Header("Access-Control-Max-Age"));
    }

    [Fact]
    public async Task Errors_carry_the_headers_too_so_that_a_page_can_read_them()
    {
        await using var gateway = await Start("https://app.example.com");

        foreach (var (path, status) in new[] { ("/v1/keys", 401), ("/v1/keys?x=1", 401), ("/nothing", 404) })
        {
            var answer = await gateway.Send("GET", path, key: null, headers: ("Origin", "https://app.example.com"));

            Assert.Equal(status, answer.Status);
            Assert.Equal("https://app.example.com", answer.Header("Access-Control-Allow-Origin"));
            Assert.Equal(
                "Content-Disposition,Content-Range,ETag,Link,Location,Retry-After,RateLimit,RateLimit-Policy,Idempotency-Replayed", answer.Header("Access-Control-Expose-Headers"));
        }
    }

    [Fact]
    public async Task Other_origins_get_nothing()
    {
        await using var gateway = await Start("https://app.example.com");

        var preflight = await Preflight(gateway, "https://evil.example.com", "PATCH");
        var answer = await gateway.Send("GET", "/v1/keys", headers: ("Origin", "https://evil.example.com"));

        Assert.Null(preflight.Header("Access-Control-Allow-Origin"));
        Assert.Null(answer.Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task By_default_no_origin_is_allowed()
    {
        await using var gateway = await Start();

        Assert.Null((await Preflight(gateway, "https://app.example.com", "PATCH")).Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_star_allows_every_origin()
    {
        await using var gateway = await Start("*");

        Assert.Equal("*", (await Preflight(gateway, "https://app.example.com", "PATCH")).Header("Access-Control-Allow-Origin"));
    }
}
