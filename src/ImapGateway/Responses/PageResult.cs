using System.Buffers;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Metadata;

namespace ImapGateway.Responses;

/// <summary>A response with a page of a list, <c>Link: rel="next"</c>, and the selected fields of each item; or 304.</summary>
public sealed class PageResult<T>(Tagged<Page<T>> answer, Fields<T> fields) : IResult, IEndpointMetadataProvider
{
    public PageResult(Tagged<Page<T>> answer) : this(answer, Fields<T>.All) { }

    public PageResult(Page<T> page) : this(page, Fields<T>.All) { }

    public PageResult(Page<T> page, Fields<T> fields) : this(new Tagged<Page<T>>(null, page), fields) { }

    public Task ExecuteAsync(HttpContext httpContext) => TaggedAnswers.WriteAsync(httpContext, answer, answer.Value?.NextCursor, Written);

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(Page<T>), ["application/json"]));
        builder.Metadata.Add(new PagedAnswer());
    }

    private byte[] Written(Page<T> page, JsonSerializerOptions json)
    {
        if (fields.IsAll)
        {
            return JsonSerializer.SerializeToUtf8Bytes(page, (JsonTypeInfo<Page<T>>)json.GetTypeInfo(typeof(Page<T>)));
        }
        var written = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(written, new JsonWriterOptions { Encoder = json.Encoder, SkipValidation = true }))
        {
            Write(page, writer, json);
        }
        return written.WrittenSpan.ToArray();
    }

    /// <summary>Writes the page. Its members beside the items are those that its type declares.</summary>
    private void Write(Page<T> page, Utf8JsonWriter writer, JsonSerializerOptions json)
    {
        writer.WriteStartObject();
        foreach (var property in json.GetTypeInfo(typeof(Page<T>)).Properties)
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

/// <summary>Marks a route whose responses are pages.</summary>
public sealed record PagedAnswer;
