using ImapGateway.Mail;

namespace ImapGateway.Accounts;

/// <summary>Converts Orleans' exceptions when an account's grain is just deactivated or the gateway stops: the call did not begin, and may be repeated.</summary>
public sealed class ActivationFailures : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception e) when (e is OrleansMessageRejectionException or SiloUnavailableException)
        {
            throw new ProblemException(new Problem(ErrorCode.Unavailable, "The account's owner is just changing.", RetryAfter: TimeSpan.FromSeconds(1)), e);
        }
    }
}
