using ImapGateway.Webhooks.Endpoints;



namespace ImapGateway.Tests.Webhooks.Endpoints;

public class WebhookSecretTests
{
    [Fact]
    public void A_secret_has_thirty_two_random_bytes()
    {
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", WebhookSecret.New());
        Assert.NotEqual(WebhookSecret.New(), WebhookSecret.New());
    }
}
