using System.Text;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Tests.Webhooks.Sending;

public class PayloadTests
{
    [Theory]
    [InlineData(WebhookFormat.Standard)]
    [InlineData(WebhookFormat.CloudEvents)]
    public void A_delivery_shows_what_the_key_of_its_endpoint_may_see(WebhookFormat format)
    {
        var change = ChangeExamples.Of(ChangeType.MessageAdded);
        string Sent(Scope scopes) => Encoding.UTF8.GetString(Payload.Write(change, Payload.FormOf(SampleWebhook.Row(format: format), change, new Caller("k", scopes | Scope.Webhooks, null))));

        Assert.Contains("\"preview\"", Sent(Scope.MailRead), StringComparison.Ordinal);
        Assert.Contains("Our offer", Sent(Scope.MailReadBasic), StringComparison.Ordinal);
        Assert.DoesNotContain("\"preview\"", Sent(Scope.MailReadBasic), StringComparison.Ordinal);
        Assert.DoesNotContain("Our offer", Sent(0), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_first_sent_by_an_older_gateway_is_sent_again_with_the_same_bytes() =>
        Assert.DoesNotContain("\"preview\"", Encoding.UTF8.GetString(Payload.Write(ChangeExamples.Of(ChangeType.MessageAdded), (PayloadForm)2)), StringComparison.Ordinal);
}
