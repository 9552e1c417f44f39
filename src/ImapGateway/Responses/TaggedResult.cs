using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace ImapGateway.Responses;

/// <summary>A response with the state of a resource and its entity tag, or 304.</summary>
public sealed class TaggedResult<T>(Tagged<T> answer) : IResult, IEndpointMetadataProvider where T : class
{
    public Task ExecuteAsync(HttpContext httpContext) =>
        TaggedAnswers.WriteAsync(httpContext, answer, nextCursor: null, static (value, json) => JsonSerializer.SerializeToUtf8Bytes(value, (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T))));

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
}

/// <summary>Writes the headers that all responses about state have in common, 304 too (RFC 9110 section 15.4.5).</summary>
public static class TaggedAnswers
{
    /// <summary>The header of a response whose state was known when the mail server was last heard of: <c>since=</c> and that time. Age (RFC 9111 section 5.1) gives the same in seconds.</summary>
    public const string StaleHeader = "Gateway-Stale";

    /// <summary>Writes the response, or 304, or the cached response if it is still valid.</summary>
    /// <param name="nextCursor">The cursor of the next page; null on the last page, and for a response that is not a page.</param>
    /// <param name="write">Writes the value as JSON; called only if no cached response is sent.</param>
    public static Task WriteAsync<T>(HttpContext context, Tagged<T> answer, string? nextCursor, Func<T, JsonSerializerOptions, byte[]> write) where T : class
    {
        var slot = context.Features.Get<AnswerSlot>();
        if (answer.Value is null)
        {
            var known = slot?.Kept is { } kept && kept.Tag == answer.Tag ? kept : null;
            known?.Guarded = GuardOf(answer, slot);
            return WriteAsync(context, known ?? new KeptAnswer(answer.Tag!, [], null), answer.StaleSince, known is null);
        }
        var json = write(answer.Value, context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions);
        var written = new KeptAnswer(answer.Tag ?? "", json, Paging.LinkTo(context, nextCursor)) { Guarded = GuardOf(answer, slot) };
        if (answer.Tag is not null)
        {
            slot?.Cache.Keep(slot.Key, written);
        }
        return WriteAsync(context, written, answer.StaleSince, isKnown: false);
    }

    /// <summary>Writes the cached response, or 304.</summary>
    public static Task WriteAsync(HttpContext context, KeptAnswer kept) => WriteAsync(context, kept, null, isKnown: false);

    private static GuardedAt? GuardOf<T>(Tagged<T> answer, AnswerSlot? slot) where T : class =>
        answer is { HoldsAt: { } at, StaleSince: null } && slot?.Guard is { } guard ? new GuardedAt(guard, at) : null;

    /// <param name="isKnown">True if the client is known to have the response.</param>
    private static Task WriteAsync(HttpContext context, KeptAnswer written, DateTimeOffset? staleSince, bool isKnown)
    {
        Describe(context.Response, written.Tag.Length == 0 ? null : written.Tag, "private, no-cache");
        DescribeAge(context, staleSince);
        var response = context.Response;
        if (isKnown || HasIt(context.Request.Headers.IfNoneMatch, written.Tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        if (written.Link is not null)
        {
            response.Headers.Append("Link", written.Link);
        }
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = written.Json.Length;
        return response.Body.WriteAsync(written.Json, 0, written.Json.Length, context.RequestAborted);
    }

    private static bool HasIt(StringValues ifNoneMatch, string tag) => ifNoneMatch.Count > 0 && tag.Length > 0 && (ifNoneMatch == tag || EntityTags.IsKnown(ifNoneMatch, tag));

    /// <param name="since">The time of the state; null: the response is up to date.</param>
    public static void DescribeAge(HttpContext context, DateTimeOffset? since)
    {
        if (since is { } heard)
        {
            var age = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - heard;
            context.Response.Headers[StaleHeader] = $"since={heard:yyyy-MM-dd'T'HH:mm:ss'Z'}";
            context.Response.Headers.Age = Math.Max(0, (long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Sets the headers of caching. The response for one key is not for another, hence Vary. CORS adds Origin by itself if there are several, and nothing is compressed.</summary>
    public static void Describe(HttpResponse response, string? tag, string cacheControl)
    {
        response.Headers.ETag = tag;
        response.Headers.CacheControl = cacheControl;
        response.Headers.Append("Vary", "Authorization");
    }
}
