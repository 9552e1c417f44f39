using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace ImapGateway.Http;

/// <summary>Describes what is wrong with a JSON body, and where. The serializer's own messages name types of the code, so none of them leaves the process.</summary>
public static partial class JsonFaults
{
    public static Problem Describe(HttpContext context, JsonException fault)
    {
        var root = context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;
        var options = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        return Describe(fault, root, options);
    }

    /// <summary>Returns the problem of a body that could not be read as the type <paramref name="root"/>.</summary>
    public static Problem Describe(JsonException fault, Type? root, JsonSerializerOptions options)
    {
        var path = JsonPath.Segments(fault.Path);
        // The reader's exception is inside the serializer's only if the text is not JSON; JSON that does not match the type has none.
        if (fault.InnerException is JsonException)
        {
            return One(path, $"The body is not valid JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}.");
        }
        if (fault.Message.StartsWith("The JSON property ", StringComparison.Ordinal))
        {
            return One(path, "Unknown member.");
        }
        if (fault.Message.StartsWith("Duplicate property ", StringComparison.Ordinal))
        {
            return One(path, "The member is given more than once.");
        }
        if (MissingMembers().Match(fault.Message) is { Success: true } missing)
        {
            var names = QuotedNames().Matches(missing.Groups[1].Value).Select(name => name.Groups[1].Value);
            return Problem([.. names.Select(name => new ProblemError("The member is required.", JsonPath.Pointer(path.Add(name))))]);
        }
        return One(path, Expectation(root, path, options));
    }

    private static Problem One(ImmutableArray<string> path, string detail) => Problem([new ProblemError(detail, JsonPath.Pointer(path))]);

    private static Problem Problem(ImmutableArray<ProblemError> errors) => new(ErrorCode.BadRequest, "The body cannot be understood; errors tells where.", errors);

    private static string Expectation(Type? root, ImmutableArray<string> path, JsonSerializerOptions options)
    {
        var type = root is null ? null : TypeAt(root, path, options);
        if (type == typeof(DateTimeOffset))
        {
            return Instants.Expectation;
        }
        if (type is not null && options.GetTypeInfo(type) is { Kind: JsonTypeInfoKind.Object } members)
        {
            // The serializer does not report which member of a patch is wrong.
            return members.Properties.Any(member => Plain(member.PropertyType) != member.PropertyType) ? "An object is expected, with a value of the right type for each member." : "An object is expected.";
        }
        if (type is null || options.GetJsonSchemaAsNode(type) is not JsonObject schema)
        {
            return "The value does not fit here.";
        }
        if (schema["enum"] is JsonArray values)
        {
            return $"One of {string.Join(", ", values.OfType<JsonValue>().Select(value => value.ToString()))} is expected.";
        }
        var name = schema["type"] is JsonArray several ? several.Select(each => (string?)each).FirstOrDefault(each => each != "null") : (string?)schema["type"];
        return name switch
        {
            "string" => "A string is expected.",
            "boolean" => "true or false is expected.",
            "integer" => "A whole number is expected.",
            "number" => "A number is expected.",
            "array" => "An array is expected.",
            "object" => "An object is expected.",
            _ => "The value does not fit here.",
        };
    }

    /// <summary>Returns the type at a path, or null if the path leaves what the type declares.</summary>
    private static Type? TypeAt(Type root, ImmutableArray<string> path, JsonSerializerOptions options)
    {
        var type = Plain(root);
        foreach (var segment in path)
        {
            var info = options.GetTypeInfo(type);
            var next = info.Kind switch
            {
                JsonTypeInfoKind.Object => info.Properties.FirstOrDefault(property => property.Name == segment)?.PropertyType,
                JsonTypeInfoKind.Enumerable when int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out _) => info.ElementType,
                JsonTypeInfoKind.Dictionary => info.ElementType,
                _ => null,
            };
            if (next is null)
            {
                return null;
            }
            type = Plain(next);
        }
        return type;
    }

    private static Type Plain(Type type)
    {
        type = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Optional<>) ? type.GetGenericArguments()[0] : type;
        return Nullable.GetUnderlyingType(type) ?? type;
    }

    [GeneratedRegex(@"^JSON deserialization for type '.*' was missing required properties including: (.*)\z", RegexOptions.Singleline)]
    private static partial Regex MissingMembers();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex QuotedNames();
}
