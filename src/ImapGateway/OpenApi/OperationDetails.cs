using System.Text.Json.Nodes;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Scope = ImapGateway.Access.Scope;

namespace ImapGateway.OpenApi;

/// <summary>Describes an operation and what it takes: texts, scope, parameters that no handler declares, examples of bodies.</summary>
public sealed class OperationDetails(WireContracts contracts) : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var scope = metadata.OfType<RequiredScope>().LastOrDefault()?.Scope ?? Scope.Admin;
        operation.Summary = metadata.OfType<IEndpointSummaryMetadata>().LastOrDefault()?.Summary;
        operation.Description = string.Join("\n\n", new[] { metadata.OfType<IEndpointDescriptionMetadata>().LastOrDefault()?.Description, KeySecurity.Sentence(scope) }.OfType<string>());
        operation.Security = KeySecurity.Of(scope, metadata.OfType<TakesTicket>().Any(), context.Document);

        operation.Parameters ??= [];
        DescribePath(operation, metadata);
        foreach (var fields in metadata.OfType<IParameterBindingMetadata>().Select(binding => binding.ParameterInfo.ParameterType).Where(type => type.IsAssignableTo(typeof(IReadsQuery))))
        {
            operation.Parameters.Add(FieldsOf(fields.GetGenericArguments()[0]));
        }
        foreach (var prefix in metadata.OfType<QueryPrefix>())
        {
            operation.Parameters.Add(OpenQuery(prefix.Value));
        }
        if (metadata.OfType<IdempotentRoute>().Any())
        {
            operation.Parameters.Add(Headers.IdempotencyKey);
        }
        if (metadata.OfType<TaggedAnswer>().Any())
        {
            operation.Parameters.Add(Headers.IfNoneMatch);
        }
        if (metadata.OfType<RememberedAnswer>().Any())
        {
            operation.Parameters.Add(Headers.CacheControl);
        }
        if (metadata.OfType<EventStreamAnswer>().Any())
        {
            operation.Parameters.Add(Headers.LastEventId);
        }
        if (metadata.Any(each => each is OctetAnswer or GuardedRoute))
        {
            operation.Parameters.Add(Headers.IfMatch);
        }
        if (metadata.OfType<OctetAnswer>().Any())
        {
            operation.Parameters.Add(Headers.Range);
            operation.Parameters.Add(Headers.IfRange);
        }
    }

    private static void DescribePath(OpenApiOperation operation, IList<object> metadata)
    {
        foreach (var described in metadata.OfType<PathParameter>())
        {
            if (operation.Parameters!.OfType<OpenApiParameter>().FirstOrDefault(each => each.In == ParameterLocation.Path && each.Name == described.Name) is { } parameter)
            {
                parameter.Description ??= described.Description;
                parameter.Example ??= JsonValue.Create(described.Example);
            }
        }
    }

    private OpenApiParameter FieldsOf(Type item) => new()
    {
        Name = "fields",
        In = ParameterLocation.Query,
        Description = "The members to show of each item, separated by commas; `id` is always shown, and then is the only one that is certain to be there. All unless given.",
        Style = ParameterStyle.Form,
        Explode = false,
        Schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            MinItems = 1,
            Items = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. contracts.PropertiesOf(item).Select(property => JsonValue.Create(property.Name))] },
            Examples = [new JsonArray([.. contracts.PropertiesOf(item).Where(property => property.IsRequired).Take(3).Select(property => JsonValue.Create(property.Name))])],
        },
    };

    /// <summary>The parameter for an open set of names. An object in form style stands for the parameters named by its members; its own name appears nowhere (RFC 6570 section 3.2.8).</summary>
    private static OpenApiParameter OpenQuery(string prefix) => new()
    {
        Name = prefix.TrimEnd('.'),
        In = ParameterLocation.Query,
        Description = $"Any number of parameters `{prefix}KEY=value`, such as `{prefix}customer=4711`; each must hold exactly.",
        Style = ParameterStyle.Form,
        Explode = true,
        Schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String },
            PropertyNames = new OpenApiSchema { Pattern = $"^{prefix.Replace(".", "\\.", StringComparison.Ordinal)}" },
        },
        // Pages to try an operation send the first example, or invent one if there is none.
        Examples = new Dictionary<string, IOpenApiExample>
        {
            ["none"] = new OpenApiExample { Value = new JsonObject() },
            ["one"] = new OpenApiExample { Value = new JsonObject { [$"{prefix}customer"] = "4711" } },
        },
    };
}
