using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace ImapGateway.OpenApi;

/// <summary>Makes an example of a body from the examples of its members. It contains an optional member if that has an example of its own.</summary>
public sealed class Examples(IDictionary<string, IOpenApiSchema> definitions)
{
    public JsonNode? Of(IOpenApiSchema schema)
    {
        if (schema.Examples is { Count: > 0 } own)
        {
            return own[0].DeepClone();
        }
        schema = Resolve(schema);
        if (schema.Enum is { Count: > 0 } values)
        {
            return values[0].DeepClone();
        }
        if (schema.AnyOf is { Count: > 0 } any)
        {
            return Of(any[0]);
        }
        var type = schema.Type ?? JsonSchemaType.Object;
        return type switch
        {
            _ when type.HasFlag(JsonSchemaType.Object) => OfObject(schema),
            _ when type.HasFlag(JsonSchemaType.Array) => schema.Items is { } items && HasExample(items) ? new JsonArray(Of(items)) : new JsonArray(),
            _ when type.HasFlag(JsonSchemaType.Null) => null,
            _ when type.HasFlag(JsonSchemaType.Boolean) => schema.Default?.DeepClone() ?? true,
            _ when type.HasFlag(JsonSchemaType.Integer) => schema.Default?.DeepClone() ?? 0,
            _ => schema.Format == "date-time" ? "2026-05-31T13:45:00Z" : "string",
        };
    }

    private JsonObject OfObject(IOpenApiSchema schema)
    {
        var made = new JsonObject();
        foreach (var (name, member) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (schema.Required?.Contains(name) == true || member.Examples is { Count: > 0 })
            {
                made[name] = Of(member);
            }
        }
        return made;
    }

    private bool HasExample(IOpenApiSchema schema)
    {
        schema = Resolve(schema);
        return schema.Examples is { Count: > 0 }
            || schema.Enum is { Count: > 0 }
            || schema.AnyOf?.Any(HasExample) == true
            || schema.Properties?.Values.Any(HasExample) == true
            || (schema.Items is { } items && HasExample(items));
    }

    private IOpenApiSchema Resolve(IOpenApiSchema schema) =>
        schema is OpenApiSchemaReference { Reference.Id: { } name } && definitions.TryGetValue(name, out var definition) ? definition : schema;
}
