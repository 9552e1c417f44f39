using System.Net;

namespace ImapGateway.Webhooks;

/// <summary>Why there is no answer.</summary>
public static class AttemptError
{
    public const string Timeout = "timeout";
    /// <summary>No address, nobody listening, or the connection broke.</summary>
    public const string Unreachable = "unreachable";
    public const string Tls = "tls";
    /// <summary>The egress policy does not let us connect to where it leads.</summary>
    public const string Refused = "refused";
    /// <summary>What came is not HTTP.</summary>
    public const string Protocol = "protocol";
    /// <summary>The gateway could not send it; its log says why.</summary>
    public const string Internal = "internal";
}

/// <summary>One call of an endpoint, and what came of it.</summary>
/// <param name="At">Its beginning.</param>
/// <param name="Status">Null: there was no answer.</param>
/// <param name="Error">One of <see cref="AttemptError"/>; null: there was an answer.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Answer">The first octets of the answer's body.</param>
/// <param name="RetryAfter">What the receiver asked for.</param>
public sealed record Attempt(DateTimeOffset At, int? Status, string? Error, long Milliseconds, byte[] Answer, TimeSpan? RetryAfter)
{
    /// <summary>Nothing but 2xx; a redirect is a failure.</summary>
    public bool Succeeded => Status is >= 200 and <= 299;

    /// <summary>The receiver wants no more (Standard Webhooks 1.0).</summary>
    public bool IsGone => Status == (int)HttpStatusCode.Gone;
}
