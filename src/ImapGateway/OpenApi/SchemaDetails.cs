using System.Reflection;
using System.Text.Json.Nodes;
using ImapGateway.Access;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Scope = ImapGateway.Access.Scope;

namespace ImapGateway.OpenApi;

/// <summary>Adds descriptions and examples from the documentation comments, and what Swashbuckle does not say of the gateway's types.</summary>
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
            // The schema that it refers to has the description.
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
        // The referenced schema does not allow null, so null is an alternative to the reference.
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
