using System.Net;

namespace ImapGateway.Webhooks.Sending;

/// <summary>The reasons why an attempt has no answer.</summary>
public static class AttemptError
{
    public const string Timeout = "timeout";
    /// <summary>There is no address, no server listens there, or the connection broke.</summary>
    public const string Unreachable = "unreachable";
    public const string Tls = "tls";
    /// <summary>The egress policy does not allow a connection to the address.</summary>
    public const string Refused = "refused";
    /// <summary>The answer is not HTTP.</summary>
    public const string Protocol = "protocol";
    /// <summary>The gateway could not send the request; its log has the reason.</summary>
    public const string Internal = "internal";
}

/// <summary>One call of an endpoint, and its result.</summary>
/// <param name="At">The start of the call.</param>
/// <param name="Status">The HTTP status, or null if there was no answer.</param>
/// <param name="Error">One of <see cref="AttemptError"/>, or null if there was an answer.</param>
/// <param name="Milliseconds">The duration of the call.</param>
/// <param name="Answer">The first octets of the answer's body.</param>
/// <param name="RetryAfter">The delay that the receiver asked for.</param>
public sealed record Attempt(DateTimeOffset At, int? Status, string? Error, long Milliseconds, byte[] Answer, TimeSpan? RetryAfter)
{
    /// <summary>True if the status is 2xx. A redirect is a failure.</summary>
    public bool Succeeded => Status is >= 200 and <= 299;

    /// <summary>True if the receiver wants no more events (Standard Webhooks 1.0).</summary>
    public bool IsGone => Status == (int)HttpStatusCode.Gone;
}
