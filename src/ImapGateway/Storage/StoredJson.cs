using System.Runtime.CompilerServices;
using System.Text.Json;

namespace ImapGateway.Storage;

/// <summary>Reads JSON in columns.</summary>
public static class StoredJson
{
    /// <summary>The strict options: the JSON that the gateway writes has every member, and null only where that is allowed.</summary>
    private static readonly ConditionalWeakTable<JsonSerializerOptions, JsonSerializerOptions> Strict = [];

    /// <summary>Reads a value. A damaged value costs itself only: an exception here would fail the query of all rows beside it.</summary>
    /// <param name="text">The text as it is stored.</param>
    /// <param name="unreadable">The value that is returned if the text is not such JSON.</param>
    /// <param name="options">The options that it was written with.</param>
    public static T Read<T>(string text, T unreadable, JsonSerializerOptions options)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, Strict.GetValue(options, static given => new JsonSerializerOptions(given) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true })) ?? unreadable;
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            return unreadable;
        }
    }
}
