using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.OpenApi;

/// <summary>Describes parameters from where they are declared: those of a handler by its <c>param</c> elements, those of a record by the record.</summary>
public sealed class ParameterDetails(XmlDocs docs) : IParameterFilter
{
    public void Apply(IOpenApiParameter parameter, ParameterFilterContext context)
    {
        if (parameter is not OpenApiParameter { Schema: OpenApiSchema schema } concrete)
        {
            return;
        }
        // It would repeat the description of the parameter.
        schema.Description = null;
        string? example = null;
        if (context.PropertyInfo is { } property)
        {
            concrete.Description = docs.Of(property);
            example = docs.ExampleOf(property);
            Limit(schema, property);
        }
        else if (context.ParameterInfo is { } info)
        {
            concrete.Description = docs.Of(info);
            example = docs.ExampleOf(info);
        }
        // The example is not beside the schema: pages to try an operation would send it with every request.
        schema.Examples = example is null ? null : [ExampleText.Parse(example, schema)];
    }

    /// <summary>Sets default and bounds, which are declared at the parameter of the record's constructor.</summary>
    private static void Limit(OpenApiSchema schema, PropertyInfo property)
    {
        var made = property.DeclaringType!.GetConstructors().SelectMany(each => each.GetParameters()).FirstOrDefault(each => each.Name == property.Name);
        if (made is { HasDefaultValue: true, DefaultValue: { } value })
        {
            schema.Default = JsonSerializer.SerializeToNode(value);
        }
        if (made?.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            schema.Minimum = Convert.ToString(range.Minimum, CultureInfo.InvariantCulture);
            schema.Maximum = Convert.ToString(range.Maximum, CultureInfo.InvariantCulture);
        }
    }
}
