using System.Collections.Immutable;
using System.Text.Json.Nodes;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.OpenApi;

/// <summary>Makes the responses that are problems: one component for each set of codes that an operation has at one status.</summary>
public static class ProblemResponses
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    public static OpenApiResponseReference Refer(ImmutableArray<ErrorCode> codes, OperationFilterContext context)
    {
        var name = string.Join("Or", codes);
        var components = context.Document.Components ??= new OpenApiComponents();
        var responses = components.Responses ??= new SortedDictionary<string, IOpenApiResponse>(StringComparer.Ordinal);
        if (!responses.ContainsKey(name))
        {
            responses[name] = Make(codes, context.SchemaGenerator.GenerateSchema(typeof(ProblemBody), context.SchemaRepository), context.Document);
        }
        return new OpenApiResponseReference(name, context.Document);
    }

    private static OpenApiResponse Make(ImmutableArray<ErrorCode> codes, IOpenApiSchema schema, OpenApiDocument document)
    {
        var response = new OpenApiResponse
        {
            Description = string.Join(" ", codes.Select(code => $"`{code.Describe().Name}`: {code.Describe().Title}.")),
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                [ProblemBody.ContentType] = new OpenApiMediaType
                {
                    Schema = schema,
                    Examples = codes.ToDictionary(code => code.Describe().Name, IOpenApiExample (code) => new OpenApiExample { Value = Example(code) }),
                },
            },
        };
        Headers.Refer(response, document, codes[0].Describe().Status switch
        {
            StatusCodes.Status401Unauthorized => ["WWW-Authenticate"],
            StatusCodes.Status416RangeNotSatisfiable => ["Content-Range"],
            StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable => ["Retry-After"],
            _ => Array.Empty<string>(),
        });
        return response;
    }

    private static JsonNode Example(ErrorCode code)
    {
        var problem = code switch
        {
            ErrorCode.BadRequest => new Problem(code, "The query has mistakes; errors names each parameter.", [new ProblemError("Unknown parameter.", Parameter: "limits")]),
            ErrorCode.Unauthorized => RouteRights.KeyRequired,
            ErrorCode.AccountAuthFailed => new Problem(code, "The mail server refused the user name or the password.", Upstream: new Upstream("AUTHENTICATIONFAILED", "Authentication failed.")),
            _ => new Problem(code, $"{code.Describe().Title}."),
        };
        return JsonNode.Parse(ProblemBody.Of(problem, TraceId).ToJson())!;
    }
}
