using System.Buffers;
using System.Text.Json;
using ImapGateway.GraphQL.Execution;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Writes messages of the server (graphql-transport-ws, "Message types").</summary>
public static class ServerMessage
{
    public static readonly ReadOnlyMemory<byte> Ack = """{"type":"connection_ack"}"""u8.ToArray();

    /// <param name="payload">The payload of the ping, if it had one.</param>
    public static ReadOnlyMemory<byte> Pong(JsonElement payload) => Of("pong", null, json =>
    {
        if (payload.ValueKind == JsonValueKind.Object)
        {
            json.WritePropertyName("payload");
            payload.WriteTo(json);
        }
    });

    public static ReadOnlyMemory<byte> Complete(string id) => Of("complete", id, _ => { });

    /// <param name="answer">The response as JSON.</param>
    public static ReadOnlyMemory<byte> Next(string id, ReadOnlySpan<byte> answer)
    {
        var bytes = new ArrayBufferWriter<byte>(64 + id.Length + answer.Length);
        bytes.Write("""{"id":"""u8);
        bytes.Write(JsonSerializer.SerializeToUtf8Bytes(id));
        bytes.Write(""","type":"next","payload":"""u8);
        bytes.Write(answer);
        bytes.Write("}"u8);
        return bytes.WrittenMemory;
    }

    public static ReadOnlyMemory<byte> Error(string id, IReadOnlyList<GraphError> errors, string traceId) => Of("error", id, json =>
    {
        json.WriteStartArray("payload");
        foreach (var error in errors)
        {
            error.Write(json, traceId);
        }
        json.WriteEndArray();
    });

    private static ReadOnlyMemory<byte> Of(string type, string? id, Action<Utf8JsonWriter> rest)
    {
        var bytes = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(bytes, GraphExecutor.Writing))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            if (id is not null)
            {
                json.WriteString("id", id);
            }
            rest(json);
            json.WriteEndObject();
        }
        return bytes.WrittenMemory;
    }
}
