using System.Net;

namespace ImapGateway.IntegrationTests;

public class HealthTests
{
    [Fact]
    public async Task Anybody_may_ask_whether_it_lives_and_is_ready()
    {
        var gateway = await SharedServers.Gateway;
        using var stranger = gateway.ClientWithKey(null);
        foreach (var path in new[] { "/health/live", "/health/ready" })
        {
            var answer = (await new ApiClient(stranger).Get(path)).Is(HttpStatusCode.OK);
            Assert.Equal(("""{"status":"healthy"}""", "application/json"), (answer.Text, answer.ContentHeaders.ContentType?.MediaType));
        }
    }

    [Fact]
    public async Task It_is_alive_but_not_ready_while_its_storage_cannot_be_read()
    {
        await using var gateway = await GatewayProcess.Start();
        var api = new ApiClient(gateway);
        // Whoever reads next finds something that is no database.
        foreach (var file in Directory.GetFiles(gateway.DataDirectory, "gateway.db*"))
        {
            await using var open = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            open.SetLength(0);
            open.Write(new byte[8192]);
        }
        var ready = (await api.Get("/health/ready")).Is(HttpStatusCode.ServiceUnavailable);
        Assert.Equal("""{"status":"unhealthy"}""", ready.Text);
        (await api.Get("/health/live")).Is(HttpStatusCode.OK);
    }
}
