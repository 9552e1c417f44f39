using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.Http.OpenApi;

/// <summary>Descriptions and examples from the documentation comments, and what Swashbuckle does not say of our types.</summary>
public sealed class SchemaDetails(XmlDocs docs, WireContracts contracts) : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (context.MemberInfo is PropertyInfo property)
        {
            Describe(schema, docs.Of(property), docs.ExampleOf(property));
        }
        else if (context.ParameterInfo is null && schema is OpenApiSchema definition)
        {
            definition.Description = docs.Of(context.Type) ?? definition.Description;
            Complete(definition, context.Type);
        }
        if (schema is OpenApiSchema number && (Nullable.GetUnderlyingType(context.Type) ?? context.Type) == typeof(uint))
        {
            (number.Format, number.Minimum, number.Maximum) = ("int64", "0", "4294967295");
        }
    }

    private void Complete(OpenApiSchema definition, Type type)
    {
        if (type == typeof(Scope))
        {
            definition.Enum = [.. Scopes.Names.Select(name => JsonValue.Create(name))];
        }
        if (definition.Properties is not { Count: > 0 } properties)
        {
            return;
        }
        // What it refers to cannot be null, so that stands beside the reference.
        foreach (var member in contracts.PropertiesOf(type).Where(member => member.IsNullable))
        {
            if (properties[member.Name] is OpenApiSchemaReference reference)
            {
                var description = docs.Of((PropertyInfo)member.MemberInfo);
                reference.Description = null;
                properties[member.Name] = new OpenApiSchema { AnyOf = [reference, new OpenApiSchema { Type = JsonSchemaType.Null }], Description = description };
            }
        }
    }

    private static void Describe(IOpenApiSchema schema, string? description, string? example)
    {
        schema.Description = description;
        if (example is not null && schema is OpenApiSchema concrete)
        {
            concrete.Examples = [ExampleText.Parse(example, concrete)];
        }
    }
}
