using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.Http.OpenApi;

/// <summary>What only the whole document can have: headings with their descriptions, examples of bodies made of the examples of their members.</summary>
public sealed class DocumentDetails : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var metadata = context.ApiDescriptions.SelectMany(route => route.ActionDescriptor.EndpointMetadata);
        var tags = metadata.OfType<TagDescription>().DistinctBy(tag => tag.Name).OrderBy(tag => tag.Name, StringComparer.Ordinal);
        swaggerDoc.Tags = tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();

        var examples = new Examples(context.SchemaRepository.Schemas);
        foreach (var operation in swaggerDoc.Paths.Values.SelectMany(path => path.Operations ?? []).Select(each => each.Value))
        {
            Fill(operation.RequestBody?.Content, examples);
            foreach (var response in operation.Responses?.Values.OfType<OpenApiResponse>() ?? [])
            {
                Fill(response.Content, examples);
            }
        }
    }

    private static void Fill(IDictionary<string, IOpenApiMediaType>? content, Examples examples)
    {
        foreach (var (type, media) in content ?? new Dictionary<string, IOpenApiMediaType>())
        {
            if (type == "application/json" && media is OpenApiMediaType { Schema: { } schema } concrete)
            {
                concrete.Example = examples.Of(schema);
            }
        }
    }
}
