using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace ImapGateway.Http.OpenApi;

public static class ExampleText
{
    /// <summary>Strings stand in documentation comments without quotes, everything else as JSON.</summary>
    public static JsonNode Parse(string text, IOpenApiSchema schema) =>
        schema.Type is { } type && type.HasFlag(JsonSchemaType.String) ? JsonValue.Create(text) : JsonNode.Parse(text)!;
}
