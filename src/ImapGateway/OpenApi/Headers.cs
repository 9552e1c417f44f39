using System.Text.Json.Nodes;
using ImapGateway.Http;
using ImapGateway.Responses;
using Microsoft.OpenApi;

namespace ImapGateway.OpenApi;

/// <summary>The headers that operations have in common.</summary>
public static class Headers
{
    private const string Tag = "\"d41d8cd98f00b204\"";

    public static OpenApiParameter IdempotencyKey => Request(
        Http.IdempotencyKey.Header,
        "Chosen by the client, quoted or bare: sent again with the same key and payload within 24 hours, the request acts once and gets the first answer again.",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        maxLength: Http.IdempotencyKey.MaxLength);

    public static OpenApiParameter IfMatch => Request("If-Match", "ETags one of which must be right: 412 otherwise.", Tag);

    public static OpenApiParameter IfNoneMatch => Request("If-None-Match", "ETags the client has: 304 where one of them is still right.", Tag);

    public static OpenApiParameter CacheControl => Request("Cache-Control", "`no-cache`: the mail server is asked before the answer; 503 while it is away.", "no-cache");

    public static OpenApiParameter Range => Request("Range", "One range of octets: 206. Several, and other units, are answered with the whole.", "bytes=0-65535");

    public static OpenApiParameter IfRange => Request("If-Range", "The ETag of what the client has a part of: where it is no longer right, the whole is sent.", Tag);

    public static OpenApiParameter LastEventId => Request("Last-Event-ID", "The id of the last event the client has seen, as browsers send it when they come back; it goes before `after`.", "a_k3v7q2mz_42");

    private static Dictionary<string, OpenApiHeader> OfAnswers => new()
    {
        ["Accept-Ranges"] = Answer("`bytes`: ranges can be asked for.", "bytes"),
        ["Content-Disposition"] = Answer("Whether to show or to save it, and under which name (RFC 6266).", "attachment; filename=\"offer.pdf\""),
        ["Content-Security-Policy"] = Answer("What a stranger has sent must not act in the name of the gateway.", "default-src 'none'; sandbox"),
        ["Referrer-Policy"] = Answer("`no-referrer`: the address of the page, which has a ticket in it, is told to nobody.", "no-referrer"),
        ["Content-Range"] = Answer("Which octets these are; `*` where the length of the whole is not known yet.", "bytes 0-65535/1048576"),
        ["Age"] = new OpenApiHeader
        {
            Description = "Beside `Gateway-Stale`: the same in seconds (RFC 9111 section 5.1).",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0", Examples = [JsonValue.Create(42)] },
        },
        ["ETag"] = Answer("Changes when the answer does.", Tag),
        [TaggedAnswers.StaleHeader] = Answer("The mail server could not be asked: this is what was known at that moment. Absent otherwise.", "since=2026-05-31T13:45:00Z"),
        [IdempotencyMiddleware.ReplayedHeader] = Answer("`true` where this is the first answer again.", "true"),
        ["Link"] = Answer("`rel=\"next\"`: the address of the next page, relative; absent on the last one (RFC 8288).", "</v1/accounts?cursor=Q1JN2kzq>; rel=\"next\""),
        ["Location"] = Answer("The address of what was created.", "/v1/accounts/acc_k3v7q2mzp4x6a"),
        ["Retry-After"] = new OpenApiHeader
        {
            Description = "Seconds to wait before the next try. Always there with 429 and 503.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Examples = [JsonValue.Create(5)] },
        },
        ["WWW-Authenticate"] = Answer("How to authenticate.", "Bearer"),
        ["X-Accel-Buffering"] = Answer("`no`: a proxy between must pass each event on at once.", "no"),
    };

    /// <summary>Refers to headers in components/headers. Each is there once, and only if a response has it.</summary>
    public static void Refer(OpenApiResponse response, OpenApiDocument document, params IEnumerable<string> names)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.Headers ??= new SortedDictionary<string, IOpenApiHeader>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            document.Components.Headers.TryAdd(name, OfAnswers[name]);
            response.Headers ??= new SortedDictionary<string, IOpenApiHeader>(StringComparer.Ordinal);
            response.Headers[name] = new OpenApiHeaderReference(name, document);
        }
    }

    private static OpenApiParameter Request(string name, string description, string example, int? maxLength = null) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = maxLength, Examples = [JsonValue.Create(example)] },
    };

    private static OpenApiHeader Answer(string description, string example) => new()
    {
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Examples = [JsonValue.Create(example)] },
    };
}
