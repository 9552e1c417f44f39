using System.Reflection;
using System.Text.Json;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace ImapGateway.Http;

/// <summary>200 with a page of a list, <c>Link: rel="next"</c>, and of each item the fields asked for; or 304.</summary>
public sealed class PageResult<T>(Tagged<Page<T>> answer, Fields<T> fields) : IResult, IEndpointMetadataProvider
{
    public PageResult(Tagged<Page<T>> answer) : this(answer, Fields<T>.All) { }

    public PageResult(Page<T> page) : this(page, Fields<T>.All) { }

    public PageResult(Page<T> page, Fields<T> fields) : this(new Tagged<Page<T>>(null, page), fields) { }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (TaggedAnswers.IsKnown(httpContext, answer))
        {
            return;
        }
        var page = answer.Demand();
        var json = httpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        Paging.LinkNext(httpContext, page.NextCursor);
        if (fields.IsAll)
        {
            await httpContext.Response.WriteAsJsonAsync(page, json, httpContext.RequestAborted);
            return;
        }
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        await using (var writer = new Utf8JsonWriter(httpContext.Response.BodyWriter, new JsonWriterOptions { Encoder = json.Encoder, SkipValidation = true }))
        {
            Write(page, writer, json);
        }
        await httpContext.Response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(Page<T>), ["application/json"]));
        builder.Metadata.Add(new PagedAnswer());
    }

    /// <summary>Members of the page beside the items are whatever its type declares.</summary>
    private void Write(Page<T> page, Utf8JsonWriter writer, JsonSerializerOptions json)
    {
        writer.WriteStartObject();
        foreach (var property in json.GetTypeInfo(page.GetType()).Properties)
        {
            var value = property.Get?.Invoke(page);
            if (property.ShouldSerialize?.Invoke(page, value) ?? true)
            {
                writer.WritePropertyName(property.Name);
                if (value is IEnumerable<T> items)
                {
                    WriteItems(writer, items, json);
                }
                else
                {
                    JsonSerializer.Serialize(writer, value, json.GetTypeInfo(property.PropertyType));
                }
            }
        }
        writer.WriteEndObject();
    }

    private void WriteItems(Utf8JsonWriter writer, IEnumerable<T> items, JsonSerializerOptions json)
    {
        writer.WriteStartArray();
        foreach (var item in items)
        {
            fields.Write(writer, item, json);
        }
        writer.WriteEndArray();
    }
}

/// <summary>Its answers are pages.</summary>
public sealed record PagedAnswer;
