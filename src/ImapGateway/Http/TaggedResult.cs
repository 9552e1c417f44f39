using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace ImapGateway.Http;

/// <summary>200 with the state of something and its entity tag, or 304.</summary>
public sealed class TaggedResult<T>(Tagged<T> answer) : IResult, IEndpointMetadataProvider where T : class
{
    public Task ExecuteAsync(HttpContext httpContext) =>
        TaggedAnswers.WriteAsync(httpContext, answer, nextCursor: null, static (value, json) => JsonSerializer.SerializeToUtf8Bytes(value, (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T))));

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
}

/// <summary>What all answers about state have in common, 304 too (RFC 9110 section 15.4.5).</summary>
public static class TaggedAnswers
{
    /// <summary>The answer is what was known when the mail server was last heard of: <c>since=</c> and that moment. Age (RFC 9111 section 5.1) says the same in seconds.</summary>
    public const string StaleHeader = "Gateway-Stale";

    /// <summary>The answer, or 304, or what was written before where it is still right.</summary>
    /// <param name="nextCursor">Of a page; null for what is none, and on the last one.</param>
    /// <param name="write">Called only where it was not written before.</param>
    public static Task WriteAsync<T>(HttpContext context, Tagged<T> answer, string? nextCursor, Func<T, JsonSerializerOptions, byte[]> write) where T : class
    {
        Describe(context, answer.Tag, answer.StaleSince);
        var slot = context.Features.Get<AnswerSlot>();
        if (answer.Value is null && slot?.Kept is { } kept && kept.Tag == answer.Tag && !EntityTags.IsKnown(context.Request.Headers.IfNoneMatch, kept.Tag))
        {
            return WriteAsync(context, kept);
        }
        if (answer.Value is null)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        var written = new KeptAnswer(answer.Tag ?? "", write(answer.Value, context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions), nextCursor);
        if (answer.Tag is not null)
        {
            slot?.Keep(written);
        }
        return WriteAsync(context, written);
    }

    private static async Task WriteAsync(HttpContext context, KeptAnswer written)
    {
        Paging.LinkNext(context, written.NextCursor);
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = written.Json.Length;
        await context.Response.BodyWriter.WriteAsync(written.Json, context.RequestAborted);
    }

    private static void Describe(HttpContext context, string? tag, DateTimeOffset? staleSince)
    {
        Describe(context.Response, tag, "private, no-cache");
        if (staleSince is { } since)
        {
            var age = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - since;
            context.Response.Headers[StaleHeader] = $"since={since:yyyy-MM-dd'T'HH:mm:ss'Z'}";
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
