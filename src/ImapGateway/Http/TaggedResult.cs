using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace ImapGateway.Http;

/// <summary>200 with the state of something and its entity tag, or 304.</summary>
public sealed class TaggedResult<T>(Tagged<T> answer) : IResult, IEndpointMetadataProvider where T : class
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (!TaggedAnswers.IsKnown(httpContext, answer))
        {
            var json = httpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
            await httpContext.Response.WriteAsJsonAsync(answer.Value, json, httpContext.RequestAborted);
        }
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
}

/// <summary>What all answers about state have in common, 304 too (RFC 9110 section 15.4.5).</summary>
public static class TaggedAnswers
{
    /// <summary>The answer is what was known when the mail server was last heard of: <c>since=</c> and that moment. Age (RFC 9111 section 5.1) says the same in seconds.</summary>
    public const string StaleHeader = "Gateway-Stale";

    /// <summary>Describes the answer; true where that is all of it.</summary>
    public static bool IsKnown<T>(HttpContext context, Tagged<T> answer) where T : class
    {
        Describe(context.Response, answer.Tag, "private, no-cache");
        DescribeAge(context, answer.StaleSince);
        if (answer.Value is null)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
        }
        return answer.Value is null;
    }

    /// <param name="since">Null: the answer is up to date.</param>
    public static void DescribeAge(HttpContext context, DateTimeOffset? since)
    {
        if (since is { } heard)
        {
            var age = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - heard;
            context.Response.Headers[StaleHeader] = $"since={heard:yyyy-MM-dd'T'HH:mm:ss'Z'}";
            context.Response.Headers.Age = Math.Max(0, (long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>What one key may see is nothing for another. CORS adds Origin by itself where there are several, and nothing is compressed.</summary>
    public static void Describe(HttpResponse response, string? tag, string cacheControl)
    {
        response.Headers.ETag = tag;
        response.Headers.CacheControl = cacheControl;
        response.Headers.Append("Vary", "Authorization");
    }
}
