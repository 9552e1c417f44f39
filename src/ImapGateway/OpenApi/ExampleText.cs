using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace ImapGateway.OpenApi;

public static class ExampleText
{
    /// <summary>Strings stand in documentation comments without quotes, everything else as JSON.</summary>
    public static JsonNode Parse(string text, IOpenApiSchema schema)
    {
        var type = schema.Type;
        return type?.HasFlag(JsonSchemaType.String) ?? text[0] is not ('{' or '[') ? JsonValue.Create(text) : JsonNode.Parse(text)!;
    }
}
