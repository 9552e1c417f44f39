using System.Reflection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.Http.OpenApi;

/// <summary>Parameters are described where they are declared: a handler's by its <c>param</c> elements, those of a record by the record.</summary>
public sealed class ParameterDetails(XmlDocs docs) : IParameterFilter
{
    public void Apply(IOpenApiParameter parameter, ParameterFilterContext context)
    {
        if (parameter is not OpenApiParameter concrete || context.ParameterInfo is not { } info)
        {
            return;
        }
        // [AsParameters] shows the properties of the record as if they were parameters.
        var property = info.Member as PropertyInfo;
        concrete.Description = property is null ? docs.Of(info) : docs.Of(property);
        if ((property is null ? docs.ExampleOf(info) : docs.ExampleOf(property)) is { } example)
        {
            concrete.Example = ExampleText.Parse(example, concrete.Schema!);
        }
    }
}
