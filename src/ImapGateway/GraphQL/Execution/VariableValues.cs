using System.Text.Json;
using GraphQL;

namespace ImapGateway.GraphQL.Execution;

/// <summary>Variables of a request as the engine takes them.</summary>
public static class VariableValues
{
    public static Inputs Of(JsonElement variables) =>
        variables.ValueKind == JsonValueKind.Object ? new Inputs((Dictionary<string, object?>)Value(variables)!) : Inputs.Empty;

    private static object? Value(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().ToDictionary(member => member.Name, member => Value(member.Value), StringComparer.Ordinal),
        JsonValueKind.Array => json.EnumerateArray().Select(Value).ToList(),
        JsonValueKind.String => json.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => Number(json),
        _ => null,
    };

    private static object Number(JsonElement json) =>
        // Without the casts all three were doubles.
        json.TryGetInt32(out var small) ? (object)small
        : json.TryGetInt64(out var large) ? (object)large
        : json.GetDouble();
}
