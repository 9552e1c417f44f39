using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>The attempts of a delivery, in the form that is stored with its outcome.</summary>
public static class AttemptLog
{
    /// <summary>The number of attempts that are kept. Of older ones only the first is kept.</summary>
    private const int Most = 50;

    public static ImmutableArray<DeliveryAttempt> Add(ImmutableArray<DeliveryAttempt> attempts, Attempt attempt)
    {
        var shortened = attempts.Length < Most ? attempts : attempts.RemoveAt(1);
        return shortened.Add(new DeliveryAttempt { At = attempt.At, Status = attempt.Status, Error = attempt.Error, Milliseconds = attempt.Milliseconds });
    }

    public static string Write(ImmutableArray<DeliveryAttempt> attempts) => JsonSerializer.Serialize(attempts, AttemptJson.Default.ImmutableArrayDeliveryAttempt);

    public static ImmutableArray<DeliveryAttempt> Read(string text) => StoredJson.Read<ImmutableArray<DeliveryAttempt>>(text, [], AttemptJson.Default.Options);
}

/// <summary>One call of the endpoint.</summary>
public sealed record DeliveryAttempt
{
    /// <summary>The time at which the call began.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The HTTP status of the answer, or null if there was none.</summary>
    /// <example>204</example>
    public required int? Status { get; init; }

    /// <summary>The reason why there was no answer: `timeout`, `unreachable`, `tls`, `refused` (by the egress policy), `protocol`, or `internal` (the gateway could not send it).</summary>
    public required string? Error { get; init; }

    /// <summary>The duration of the call.</summary>
    /// <example>12</example>
    public required long Milliseconds { get; init; }
}

[JsonSerializable(typeof(ImmutableArray<DeliveryAttempt>))]
internal sealed partial class AttemptJson : JsonSerializerContext;
