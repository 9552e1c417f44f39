using System.Text;
using System.Text.Json;
using ImapGateway.GraphQL.Execution;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Transport;

/// <summary>The reason for closing a connection: a code of graphql-transport-ws, or of RFC 6455.</summary>
public readonly record struct CloseReason(int Code, string Text)
{
    public static readonly CloseReason GoingAway = new(1001, "Going away");
    public static readonly CloseReason TryAgainLater = new(1013, "Try again later");
    public static readonly CloseReason Unauthorized = new(4401, "Unauthorized");
    public static readonly CloseReason Forbidden = new(4403, "Forbidden");
    public static readonly CloseReason NoSubprotocol = new(4406, "Subprotocol not acceptable");
    public static readonly CloseReason InitTimeout = new(4408, "Connection initialisation timeout");
    public static readonly CloseReason InitTwice = new(4429, "Too many initialisation requests");
    public static readonly CloseReason NoMessage = new(4400, "Invalid message");

    public static CloseReason TooLarge(int most) => new(1009, $"A message has at most {most} bytes");

    /// <summary>Returns the reason for an id that is in use. The text must fit into a control frame (RFC 6455 section 5.5), whatever id the client has sent.</summary>
    public static CloseReason IdInUse(string id) => new(4409, $"Subscriber for {(Encoding.UTF8.GetByteCount(id) <= ClientMessage.ShownId ? id : "this id")} already exists");
}

/// <summary>Thrown when the client has violated the protocol: the connection ends.</summary>
public sealed class ProtocolException(CloseReason reason) : Exception(reason.Text)
{
    public CloseReason Reason => reason;
}

/// <summary>A message of the client (graphql-transport-ws, "Message types").</summary>
/// <param name="Id">The id of an operation; null if the message is about the connection.</param>
/// <param name="Payload">The payload; undefined if there is none.</param>
public sealed record ClientMessage(string Type, string? Id, JsonElement Payload)
{
    public const int ShownId = 64;
    private const int MaxId = 256;

    /// <exception cref="ProtocolException">4400 for an invalid message.</exception>
    public static ClientMessage Parse(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var json = RequestReader.Parse(text);
            return Of(json.RootElement.Clone());
        }
        catch (JsonException)
        {
            throw new ProtocolException(CloseReason.NoMessage);
        }
    }

    /// <summary>Returns the operation of a subscribe message.</summary>
    /// <exception cref="ProtocolException">4400 for an invalid operation.</exception>
    public GraphRequest Request()
    {
        try
        {
            return RequestReader.Of(Payload);
        }
        catch (ProblemException)
        {
            throw new ProtocolException(CloseReason.NoMessage);
        }
    }

    private static ClientMessage Of(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || Text(json, "type") is not { } type)
        {
            throw new ProtocolException(CloseReason.NoMessage);
        }
        var id = Text(json, "id");
        var payload = json.TryGetProperty("payload", out var given) ? given : default;
        var isRight = type switch
        {
            "connection_init" or "ping" or "pong" => payload.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.Object,
            "subscribe" => id is { Length: > 0 and <= MaxId } && payload.ValueKind == JsonValueKind.Object,
            "complete" => id is { Length: > 0 and <= MaxId },
            _ => false,
        };
        return isRight ? new ClientMessage(type, id, payload) : throw new ProtocolException(CloseReason.NoMessage);
    }

    private static string? Text(JsonElement json, string member) => json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
