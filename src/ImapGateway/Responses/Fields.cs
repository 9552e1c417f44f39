using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace ImapGateway.Responses;

/// <summary>A parameter of a handler that reads a query parameter by itself.</summary>
public interface IReadsQuery
{
    static abstract string Parameter { get; }
}

/// <summary>The query parameter <c>fields=a,b</c>: the top-level members of the items to show. <c>id</c> is always shown. A handler takes it as a parameter; unknown names are a 400.</summary>
public sealed class Fields<T> : IReadsQuery
{
    private readonly FrozenSet<string>? _names;

    private Fields(FrozenSet<string>? names) => _names = names;

    public static Fields<T> All { get; } = new(null);

    public static string Parameter => "fields";

    public bool IsAll => _names is null;

    /// <summary>True if the member is shown. Names are as in JSON; an operation can leave out work that nobody sees.</summary>
    public bool Has(string name) => _names is null || _names.Contains(name);

    public static Fields<T> Parse(string? text, JsonSerializerOptions json)
    {
        if (text is null)
        {
            return All;
        }
        var names = text.Split(',');
        var known = json.GetTypeInfo(typeof(T)).Properties.Select(property => property.Name).ToHashSet();
        var unknown = names.Where(name => !known.Contains(name)).ToArray();
        return unknown.Length == 0
            ? new Fields<T>(names.Append("id").ToFrozenSet())
            : throw RequestErrors.OfParameter(Parameter, $"Unknown: {string.Join(", ", unknown)}. There are {string.Join(", ", known)}.");
    }

    public static ValueTask<Fields<T>?> BindAsync(HttpContext context) =>
        ValueTask.FromResult<Fields<T>?>(Parse(context.Request.Query[Parameter], context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions));

    /// <summary>Writes one item with the chosen members alone, in their usual order.</summary>
    public void Write(Utf8JsonWriter writer, T item, JsonSerializerOptions json)
    {
        if (_names is null)
        {
            JsonSerializer.Serialize(writer, item, (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T)));
            return;
        }
        writer.WriteStartObject();
        foreach (var property in json.GetTypeInfo(typeof(T)).Properties)
        {
            if (_names.Contains(property.Name) && property.Get?.Invoke(item!) is var value && (property.ShouldSerialize?.Invoke(item!, value) ?? true))
            {
                writer.WritePropertyName(property.Name);
                JsonSerializer.Serialize(writer, value, json.GetTypeInfo(property.PropertyType));
            }
        }
        writer.WriteEndObject();
    }
}
