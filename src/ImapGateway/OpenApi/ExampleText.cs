using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace ImapGateway.OpenApi;

public static class ExampleText
{
    /// <summary>Parses an example. In documentation comments strings have no quotes, everything else is JSON.</summary>
    public static JsonNode Parse(string text, IOpenApiSchema schema)
    {
        var type = schema.Type;
        return type?.HasFlag(JsonSchemaType.String) ?? text[0] is not ('{' or '[') ? JsonValue.Create(text) : JsonNode.Parse(text)!;
    }
}
