using System.Diagnostics;
using System.Globalization;
using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>Writes every problem as an HTTP response. Headers that are already set (Allow, Content-Range) stay.</summary>
public static class ProblemWriter
{
    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        var body = ProblemBody.Of(problem, TraceId(context));
        var response = context.Response;
        response.StatusCode = body.Status;
        response.ContentType = ProblemBody.ContentType;
        response.Headers.CacheControl = "no-store";
        if (RetryAfter(body.Status, problem) is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }
        if (body.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }
        var json = body.ToJson();
        response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(json, context.RequestAborted);
        }
    }

    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;

    /// <summary>Returns the seconds of Retry-After; 429 and 503 always have some.</summary>
    public static long? RetryAfter(int status, Problem problem) => (problem.RetryAfter, status) switch
    {
        ({ } span, _) => Math.Max(1, (long)Math.Ceiling(span.TotalSeconds)),
        (null, StatusCodes.Status429TooManyRequests) => 1,
        (null, StatusCodes.Status503ServiceUnavailable) => 5,
        _ => null,
    };
}
