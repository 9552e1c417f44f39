using System.Text;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Tests.Webhooks.Sending;

public class SignerTests
{
    /// <summary>The example of the Standard Webhooks specification.</summary>
    [Fact]
    public void The_example_of_the_specification_is_signed_as_it_says() =>
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            Signer.Sign([Signer.KeyOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("{\"test\": 2432232314}")));

    [Fact]
    public void Each_key_signs()
    {
        var (old, young) = (Signer.KeyOf(Signer.NewSecret()), Signer.KeyOf(Signer.NewSecret()));
        var body = "{}"u8.ToArray();
        Assert.Equal($"{Signer.Sign([young], "e_1", 1, body)} {Signer.Sign([old], "e_1", 1, body)}", Signer.Sign([young, old], "e_1", 1, body));
    }

    [Fact]
    public void A_secret_has_thirty_two_random_bytes()
    {
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", Signer.NewSecret());
        Assert.NotEqual(Signer.NewSecret(), Signer.NewSecret());
    }
}
