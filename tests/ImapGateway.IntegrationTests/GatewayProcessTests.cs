using System.Net;

namespace ImapGateway.IntegrationTests;

public class GatewayProcessTests
{
    [Fact]
    public async Task It_starts_answers_and_stops_on_sigterm()
    {
        await using var gateway = await GatewayProcess.Start();
        using var answer = await gateway.Http.GetAsync(new Uri("/nowhere", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.InRange(gateway.ResidentBytes, 10_000_000, 1_000_000_000);
        Assert.Equal(0, await gateway.Stop());
        Assert.True(gateway.HasExited);
    }

    [Fact]
    public async Task It_comes_back_on_the_same_data_after_sigkill()
    {
        await using var gateway = await GatewayProcess.Start();
        var data = gateway.DataDirectory;
        await gateway.Kill();
        await gateway.Resume();
        using var answer = await gateway.Http.GetAsync(new Uri("/nowhere", UriKind.Relative));
        Assert.Equal((HttpStatusCode.NotFound, data), (answer.StatusCode, gateway.DataDirectory));
    }

    [Fact]
    public async Task A_start_that_fails_shows_what_was_printed()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => GatewayProcess.Start(("ASPNETCORE_URLS", "nonsense")));
        Assert.Contains("nonsense", failure.Message, StringComparison.Ordinal);
    }
}
