using System.Text;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Tests.Webhooks.Sending;

public class SignerTests
{
    /// <summary>The example of the Standard Webhooks specification.</summary>
    [Fact]
    public void The_example_of_the_specification_is_signed_as_it_says() =>
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            Signer.Sign([WebhookSecret.KeyOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("{\"test\": 2432232314}")));

    [Fact]
    public void Each_key_signs()
    {
        var (old, young) = (WebhookSecret.KeyOf(WebhookSecret.New()), WebhookSecret.KeyOf(WebhookSecret.New()));
        var body = "{}"u8.ToArray();
        Assert.Equal($"{Signer.Sign([young], "e_1", 1, body)} {Signer.Sign([old], "e_1", 1, body)}", Signer.Sign([young, old], "e_1", 1, body));
    }
}
