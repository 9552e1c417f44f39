using System.Text.Json;
using GraphQL;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Execution;

/// <summary>Converts the variables of a request for the engine.</summary>
public static class VariableValues
{
    /// <exception cref="ProblemException">400 for text with control characters, as in the query and the bodies of REST.</exception>
    public static Inputs Of(JsonElement variables) =>
        variables.ValueKind == JsonValueKind.Object ? new Inputs((Dictionary<string, object?>)Value(variables)!) : Inputs.Empty;

    private static object? Value(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().ToDictionary(member => Plain(member.Name), member => Value(member.Value), StringComparer.Ordinal),
        JsonValueKind.Array => json.EnumerateArray().Select(Value).ToList(),
        JsonValueKind.String => Plain(json.GetString()!),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => Number(json),
        _ => null,
    };

    private static string Plain(string text) => InputText.IsPlain(text) ? text : throw new ProblemException(ErrorCode.BadRequest, $"A variable holds text that no argument takes. {InputText.Expectation}");

    private static object Number(JsonElement json) =>
        // Without the casts all three would be doubles.
        json.TryGetInt32(out var small) ? (object)small
        : json.TryGetInt64(out var large) ? (object)large
        : json.GetDouble();
}
