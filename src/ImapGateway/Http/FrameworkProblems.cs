using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Metadata;

namespace ImapGateway.Http;

/// <summary>Makes problems of what the server, routing and binding refuse. The gateway writes the sentences itself, since those of the framework name types of the code.</summary>
public static class FrameworkProblems
{
    public static readonly Problem Unexpected = new(ErrorCode.Internal, "The gateway failed unexpectedly. Its log tells more under this traceId.");

    /// <summary>Returns the route's pattern, never the path: paths contain what users wrote.</summary>
    public static string GetRoute(this HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    /// <summary>Returns the problem, or null if the exception is unexpected.</summary>
    public static Problem? OfException(HttpContext context, Exception failure) => failure switch
    {
        ProblemException expected => expected.Problem,
        BadHttpRequestException { InnerException: JsonException json } => JsonFaults.Describe(context, json),
        // Thrown by ReadFromJsonAsync: a charset that .NET does not know, or refuses.
        InvalidOperationException when context.Request.GetTypedHeaders().ContentType is { Charset.HasValue: true } type && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) =>
            OfBadRequest(context, StatusCodes.Status415UnsupportedMediaType),
        BadHttpRequestException bad => OfBadRequest(context, bad.StatusCode),
        _ => null,
    };

    /// <summary>Returns the problem for an error status that was set without a body.</summary>
    public static Problem OfStatus(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new(ErrorCode.NotFound, "There is nothing at this path."),
        StatusCodes.Status405MethodNotAllowed => new(ErrorCode.MethodNotAllowed, $"This path answers {context.Response.Headers.Allow}."),
        StatusCodes.Status416RangeNotSatisfiable => new(ErrorCode.RangeNotSatisfiable, "The range lies outside the content."),
        var status => OfBadRequest(context, status),
    };

    /// <summary>Returns the problem of a bad request. The status of the response follows from the error code: 408, 411 and similar ones become 400.</summary>
    private static Problem OfBadRequest(HttpContext context, int status) => status switch
    {
        StatusCodes.Status401Unauthorized => RouteRights.KeyRequired,
        StatusCodes.Status403Forbidden => new(ErrorCode.Forbidden, "The key does not allow this."),
        StatusCodes.Status406NotAcceptable => new(ErrorCode.NotAcceptable, "None of the media types in Accept can be produced."),
        StatusCodes.Status412PreconditionFailed => new(ErrorCode.PreconditionFailed, "A precondition of the request does not hold."),
        StatusCodes.Status413PayloadTooLarge => new(ErrorCode.TooLarge, "The body is larger than this path takes."),
        StatusCodes.Status415UnsupportedMediaType => new(ErrorCode.UnsupportedMediaType, "The body must be JSON, with Content-Type application/json."),
        StatusCodes.Status429TooManyRequests => new(ErrorCode.RateLimited, "Too many requests."),
        StatusCodes.Status503ServiceUnavailable => new(ErrorCode.Unavailable, "The gateway cannot answer now."),
        >= 500 => Unexpected,
        _ when context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is { IsOptional: false } => new(ErrorCode.BadRequest, "A body is required, whole and well formed."),
        _ => new(ErrorCode.BadRequest, "The request is malformed."),
    };
}
