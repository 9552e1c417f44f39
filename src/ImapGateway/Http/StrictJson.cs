using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;

namespace ImapGateway.Http;

/// <summary>Configures strict JSON: exact names, no unknown members, no duplicates, no number in a string, no null where none is declared.</summary>
public static class StrictJson
{
    public const int MaxDepth = 32;

    /// <summary>The encoder escapes only what JSON itself demands: mail is full of other scripts, and none of this is ever pasted into a page.</summary>
    public static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    public static void Configure(JsonOptions options)
    {
        var json = options.SerializerOptions;
        json.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        json.PropertyNameCaseInsensitive = false;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.MaxDepth = MaxDepth;
        json.Encoder = Encoder;
        json.Converters.Add(new InstantJsonConverter());
    }
}
