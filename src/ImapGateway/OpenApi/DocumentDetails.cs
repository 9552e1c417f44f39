using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.OpenApi;

/// <summary>Completes the parts that need the whole document: headings with their descriptions, and examples of bodies, made of the examples of their members.</summary>
public sealed class DocumentDetails : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var metadata = context.ApiDescriptions.SelectMany(route => route.ActionDescriptor.EndpointMetadata);
        var tags = metadata.OfType<TagDescription>().DistinctBy(tag => tag.Name).OrderBy(tag => tag.Name, StringComparer.Ordinal);
        swaggerDoc.Tags = tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();

        var operations = swaggerDoc.Paths.Values.SelectMany(path => path.Operations ?? []).Select(each => each.Value).ToArray();
        OpenAnswers(operations, context.SchemaRepository.Schemas);
        var examples = new Examples(context.SchemaRepository.Schemas);
        foreach (var operation in operations)
        {
            Fill(operation.RequestBody?.Content, examples);
            foreach (var response in operation.Responses?.Values.OfType<OpenApiResponse>() ?? [])
            {
                Fill(response.Content, examples);
            }
        }
    }

    /// <summary>Allows unknown members in responses, which may grow. Request bodies are closed: an unknown member is a 400.</summary>
    private static void OpenAnswers(IEnumerable<OpenApiOperation> operations, Dictionary<string, IOpenApiSchema> definitions)
    {
        var taken = new HashSet<string>();
        void Take(IOpenApiSchema? schema)
        {
            if (schema is OpenApiSchemaReference { Reference.Id: { } name })
            {
                if (taken.Add(name))
                {
                    Take(definitions[name]);
                }
                return;
            }
            if (schema is not null)
            {
                Take(schema.Items);
                Take(schema.AdditionalProperties);
                foreach (var part in (schema.Properties?.Values ?? []).Concat(schema.AnyOf ?? []))
                {
                    Take(part);
                }
            }
        }
        foreach (var media in operations.SelectMany(operation => operation.RequestBody?.Content?.Values ?? []))
        {
            Take(media.Schema);
        }
        foreach (var given in definitions.Where(definition => !taken.Contains(definition.Key)).Select(definition => definition.Value).OfType<OpenApiSchema>())
        {
            given.AdditionalPropertiesAllowed = true;
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
