using System.Reflection;
using System.Text.Json.Nodes;
using ImapGateway.Access;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Scope = ImapGateway.Access.Scope;

namespace ImapGateway.OpenApi;

/// <summary>Descriptions and examples from the documentation comments, and what Swashbuckle does not say of our types.</summary>
public sealed class SchemaDetails(XmlDocs docs, WireContracts contracts) : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (context.MemberInfo is PropertyInfo property)
        {
            Describe(schema, property);
        }
        else if (schema is OpenApiSchema definition)
        {
            definition.Description = docs.Of(context.Type);
            Complete(definition, context.Type);
        }
        else
        {
            // What it refers to says it.
            schema.Description = null;
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
                var either = new OpenApiSchema { AnyOf = [new OpenApiSchemaReference(reference.Reference.Id!, reference.Reference.HostDocument), new OpenApiSchema { Type = JsonSchemaType.Null }] };
                Describe(either, (PropertyInfo)member.MemberInfo);
                properties[member.Name] = either;
            }
        }
    }

    private void Describe(IOpenApiSchema schema, PropertyInfo property)
    {
        schema.Description = docs.Of(property);
        if (docs.ExampleOf(property) is not { } text)
        {
            return;
        }
        var example = ExampleText.Parse(text, schema);
        if (schema is OpenApiSchema concrete)
        {
            concrete.Examples = [example];
        }
        else if (schema is OpenApiSchemaReference reference)
        {
            reference.Examples = [example];
        }
    }
}
