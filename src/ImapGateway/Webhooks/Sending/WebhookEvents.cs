using System.Text.Json.Nodes;
using ImapGateway.Changes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.Webhooks.Sending;

/// <summary>Adds the calls that receivers get to the section <c>webhooks</c> of the published contract: one for each type of change.</summary>
public sealed class WebhookEvents : IDocumentFilter
{
    private const string Tag = "Webhooks";

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var record = context.SchemaGenerator.GenerateSchema(typeof(ChangeRecord), context.SchemaRepository);
        foreach (var type in Enum.GetValues<ChangeType>())
        {
            swaggerDoc.Webhooks ??= new Dictionary<string, IOpenApiPathItem>();
            swaggerDoc.Webhooks[ChangeTypes.Name(type)] = new OpenApiPathItem
            {
                Operations = new Dictionary<HttpMethod, OpenApiOperation> { [HttpMethod.Post] = Operation(type, record, swaggerDoc) },
            };
        }
    }

    private static OpenApiOperation Operation(ChangeType type, IOpenApiSchema record, OpenApiDocument document) => new()
    {
        OperationId = "on" + type,
        Summary = $"{ChangeTypes.Name(type)} is told of",
        Description = "Signed as Standard Webhooks 1.0 say, over `webhook-id.webhook-timestamp.body`. Whatever is not 2xx is tried again with the same id and the same bytes; 410 disables the webhook.",
        Tags = new HashSet<OpenApiTagReference> { new(Tag, document) },
        Security = [],
        Parameters =
        [
            Header("webhook-id", "The id of the change: the same at every attempt, redelivery and replay, and at every webhook.", "e_k3v7q2mzbk"),
            Header("webhook-timestamp", "When this attempt was made, in seconds since 1970.", "1780228800"),
            Header("webhook-signature", "`v1,` and the HMAC-SHA256 in Base64; during a rotation of the secret two of them with a blank between.", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        RequestBody = new OpenApiRequestBody { Required = true, Content = Content(type, record) },
        Responses = new OpenApiResponses
        {
            ["2XX"] = new OpenApiResponse { Description = "It is taken." },
            ["410"] = new OpenApiResponse { Description = "The receiver wants no more: the webhook is disabled." },
            ["4XX"] = new OpenApiResponse { Description = "It is tried again, and so is whatever else." },
        },
    };

    private static Dictionary<string, IOpenApiMediaType> Content(ChangeType type, IOpenApiSchema record)
    {
        var change = ChangeExamples.Of(type);
        return new()
        {
            [Payload.StandardType] = new OpenApiMediaType { Schema = record, Example = JsonNode.Parse(Payload.Write(change, PayloadForm.Message)) },
            ["application/cloudevents+json"] = new OpenApiMediaType
            {
                Schema = new OpenApiSchema { Type = JsonSchemaType.Object, Description = "A CloudEvent whose `data` is the record." },
                Example = JsonNode.Parse(Payload.Write(change, PayloadForm.CloudEvents | PayloadForm.Message)),
            },
        };
    }

    private static OpenApiParameter Header(string name, string description, string example) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = true,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        Example = JsonValue.Create(example),
    };
}
