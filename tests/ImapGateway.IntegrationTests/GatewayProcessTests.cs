using System.Net;

namespace ImapGateway.IntegrationTests;

public class GatewayProcessTests
{
    [Fact]
    public async Task It_starts_answers_comes_back_on_the_same_data_after_sigkill_and_stops_on_sigterm()
    {
        await using var gateway = await GatewayProcess.Start();
        await Answers();
        Assert.InRange(gateway.ResidentBytes, 10_000_000, 1_000_000_000);
        var data = gateway.DataDirectory;
        await gateway.Kill();
        Assert.True(gateway.HasExited);
        await gateway.Resume();
        await Answers();
        Assert.Equal(data, gateway.DataDirectory);
        Assert.Equal(0, await gateway.Stop());
        Assert.True(gateway.HasExited);

        async Task Answers()
        {
            using var answer = await gateway.Http.GetAsync(new Uri("/nowhere", UriKind.Relative));
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_start_that_fails_shows_what_was_printed()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => GatewayProcess.Start(("ASPNETCORE_URLS", "nonsense")));
        Assert.Contains("nonsense", failure.Message, StringComparison.Ordinal);
    }
}
