using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace ImapGateway.GraphQL.Schema;

/// <summary>The outcome of a mutation: its result, or the errors that prevented it.</summary>
public sealed record Payload<T>(T? Result, IReadOnlyList<UserError> Errors) where T : class;

/// <summary>An error that the client can correct.</summary>
/// <param name="Path">The path into the arguments.</param>
public sealed record UserError(string Code, string Message, IReadOnlyList<string>? Path)
{
    public static IReadOnlyList<UserError> Of(Problem problem)
    {
        var code = problem.Code.Describe().Name;
        return problem.Errors.IsDefaultOrEmpty
            ? [new UserError(code, problem.Detail, null)]
            : [.. problem.Errors.Select(error => new UserError(code, error.Detail, PathOf(error)))];
    }

    private static IReadOnlyList<string> PathOf(ProblemError error) =>
        ["input", .. (error.Pointer ?? "/" + error.Parameter).Split('/', StringSplitOptions.RemoveEmptyEntries).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
}

/// <summary>The members of a mutation's input, as they were given.</summary>
public sealed class MutationInput(IReadOnlyDictionary<string, object?> members, FieldCall call)
{
    public FieldCall Call => call;

    public string Id => (string)members["id"]!;

    public T? Get<T>(string name) => members.TryGetValue(name, out var value) && value is T given ? given : default;

    public bool Has(string name) => members.ContainsKey(name);

    /// <summary>Returns the input without members that are not part of REST's body.</summary>
    public MutationInput Without(params IEnumerable<string> names) => new(members.Where(member => !names.Contains(member.Key)).ToDictionary(), call);

    /// <summary>Returns the input as the body that REST takes: absent members stay absent.</summary>
    /// <param name="maps">The lists of names and values, which are objects there.</param>
    public T Body<T>(params ReadOnlySpan<string> maps)
    {
        var body = members.ToDictionary();
        foreach (var map in maps)
        {
            if (body.GetValueOrDefault(map) is IEnumerable<object?> pairs)
            {
                body[map] = pairs.Cast<IReadOnlyDictionary<string, object?>>().GroupBy(pair => (string)pair["key"]!, pair => pair.GetValueOrDefault("value")).ToDictionary(pair => pair.Key, pair => pair.Last());
            }
        }
        var json = call.Service<IOptions<JsonOptions>>().Value.SerializerOptions;
        try
        {
            return JsonSerializer.Deserialize<T>(JsonSerializer.SerializeToUtf8Bytes(body, json), json)!;
        }
        catch (JsonException fault)
        {
            throw new ProblemException(ErrorCode.BadRequest, $"The input cannot be understood at {fault.Path}.");
        }
    }
}

public static class Mutations
{
    /// <summary>Adds a mutation with its input and payload types. Errors that the client can correct are part of the payload; all others are errors of the response.</summary>
    /// <param name="result">The name of the payload's member.</param>
    /// <param name="of">The type of the payload's member.</param>
    public static GraphField Mutation<T>(
        this GraphBuilder graph, string name, Scope scope, string result, string of, string description, Action<GraphInput> input, Func<MutationInput, Task<T?>> run) where T : class
    {
        if (graph.IsNew(nameof(UserError)))
        {
            var error = graph.Object<UserError>(nameof(UserError), "Why something was not done.");
            error.Leaf("code", "String!", one => one.Code, "From the closed list of error codes.");
            error.Leaf("message", "String!", one => one.Message, "What is wrong and what to do.");
            error.Leaf("path", "[String!]", one => one.Path, "The member of the arguments that is at fault; null where none is.");
        }
        var type = char.ToUpperInvariant(name[0]) + name[1..];
        input(graph.Input(type + "Input", $"What {name} is to do."));
        var payload = graph.Object<Payload<T>>(type + "Payload", $"What {name} has come to.");
        payload.Part(result, of, one => one.Result, "Null where there are errors.");
        payload.Part("errors", "[UserError!]!", one => one.Errors, "Empty where all went well.");
        return graph.Mutation.Field(name, type + "Payload", (_, call) => RunAsync(call, run), description, new GraphArgument("input", type + "Input!", "What it is to do.")).Requires(scope).Costs(10);
    }

    private static async Task<Payload<T>> RunAsync<T>(FieldCall call, Func<MutationInput, Task<T?>> run) where T : class
    {
        try
        {
            return new Payload<T>(await run(new MutationInput(call.Members("input")!, call)), []);
        }
        catch (ProblemException e) when (e.Code.Describe().Status < StatusCodes.Status500InternalServerError)
        {
            return new Payload<T>(null, UserError.Of(e.Problem));
        }
    }
}
