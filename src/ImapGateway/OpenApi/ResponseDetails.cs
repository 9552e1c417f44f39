using System.Globalization;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.OpenApi;

/// <summary>Describes all responses of an operation: the headers of successful ones, and every problem.</summary>
public sealed class ResponseDetails : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var responses = operation.Responses ??= [];
        if (metadata.OfType<OctetAnswer>().FirstOrDefault() is { } octets)
        {
            responses.Clear();
            responses["200"] = Octets("The whole.", octets, context.Document);
            responses["206"] = Octets("The range asked for.", octets, context.Document, "Content-Range");
        }
        if (metadata.OfType<PageAnswer>().Any())
        {
            responses.Clear();
            responses["200"] = Page(context.Document);
        }
        foreach (var (status, response) in responses)
        {
            Headers.Refer((OpenApiResponse)response, context.Document, HeadersOf(status, metadata));
        }
        if (metadata.OfType<TaggedAnswer>().Any())
        {
            responses["304"] = new OpenApiResponse { Description = "The client has it already." };
            Headers.Refer((OpenApiResponse)responses["304"], context.Document, "ETag");
        }
        foreach (var problem in PossibleProblems.Of(operation, metadata).GroupBy(code => code.Describe().Status))
        {
            responses[problem.Key.ToString(CultureInfo.InvariantCulture)] = ProblemResponses.Refer([.. problem], context);
        }
        operation.Responses = Sorted(responses);
        if (HttpMethods.IsHead(context.ApiDescription.HttpMethod!))
        {
            foreach (var response in operation.Responses.Values.OfType<OpenApiResponse>())
            {
                response.Content = null;
            }
        }
    }

    private static IEnumerable<string> HeadersOf(string status, IList<object> metadata)
    {
        if (status == "201")
        {
            yield return "Location";
        }
        if (metadata.OfType<IdempotentRoute>().Any())
        {
            yield return IdempotencyMiddleware.ReplayedHeader;
        }
        if (metadata.OfType<PagedAnswer>().Any())
        {
            yield return "Link";
        }
        if (metadata.OfType<TaggedAnswer>().Any() || (status == "200" && metadata.OfType<GuardedRoute>().Any()))
        {
            yield return "ETag";
        }
        if (metadata.OfType<RememberedAnswer>().Any())
        {
            yield return TaggedAnswers.StaleHeader;
            yield return "Age";
        }
        if (metadata.OfType<EventStreamAnswer>().Any())
        {
            yield return "X-Accel-Buffering";
        }
    }

    private static OpenApiResponse Octets(string description, OctetAnswer octets, OpenApiDocument document, params IEnumerable<string> more)
    {
        var response = new OpenApiResponse
        {
            Description = description,
            Content = octets.MediaTypes.ToDictionary(type => type, IOpenApiMediaType (_) => new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } }),
        };
        Headers.Refer(response, document, ["Accept-Ranges", "Content-Disposition", "Content-Security-Policy", .. more]);
        return response;
    }

    private static OpenApiResponse Page(OpenApiDocument document)
    {
        var response = new OpenApiResponse
        {
            Description = "A page.",
            Content = new Dictionary<string, IOpenApiMediaType> { ["text/html"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } } },
        };
        Headers.Refer(response, document, "Content-Security-Policy", "Referrer-Policy");
        return response;
    }

    private static OpenApiResponses Sorted(OpenApiResponses responses)
    {
        var sorted = new OpenApiResponses();
        foreach (var (status, response) in responses.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            sorted[status] = response;
        }
        return sorted;
    }
}
