using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using GraphQL;
using GraphQL.Execution;
using GraphQL.Types;
using ImapGateway.Access;
using ImapGateway.GraphQL;
using ImapGateway.GraphQL.Execution;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ImapGateway.Tests.GraphQL;

/// <summary>Runs operations on the sample graph, by the plan and by the engine.</summary>
public sealed class SampleEngine : IDisposable
{
    private readonly ISchema _schema;
    private readonly Documents _documents;
    private readonly GraphExecutor _executor;

    public SampleEngine(GraphQLOptions? limits = null)
    {
        _schema = GraphQLSetup.Assemble(Graph);
        var options = Options.Create(limits ?? new GraphQLOptions());
        _documents = new Documents(_schema, options);
        _executor = new GraphExecutor(_schema, _documents, options, new TestOutput());
    }

    public SampleGraph Graph { get; } = new();

    public void Dispose() => _documents.Dispose();

    public async Task<JsonObject> Plan(string query, string? variables = null, Scope scopes = Scope.Admin, CancellationToken cancel = default)
    {
        var context = Context(scopes, cancel);
        var (operation, errors) = await _executor.PrepareAsync(new GraphRequest(query, null, Variables(variables)), context);
        var answer = new ArrayBufferWriter<byte>();
        if (operation is null)
        {
            return new JsonObject { ["errors"] = new JsonArray([.. errors.Select(error => new JsonObject { ["message"] = error.Problem.Detail, ["code"] = error.Problem.Code.Describe().Name })]) };
        }
        await operation.RunAsync(answer);
        return JsonNode.Parse(answer.WrittenSpan)!.AsObject();
    }

    public async Task<JsonObject> Engine(string query, string? variables = null)
    {
        var context = Context(Scope.Admin, default);
        context.Loaders.Waiting = () => _ = Task.Run(context.Loaders.Flush);
        var result = await new DocumentExecuter().ExecuteAsync(new ExecutionOptions
        {
            Schema = _schema,
            Query = query,
            Variables = Variables(variables),
            Root = ImapGateway.GraphQL.Schema.GraphBuilder.Root.Instance,
            UserContext = new Dictionary<string, object?> { [EngineResolver.Call] = context },
        });
        var answer = new JsonObject();
        if (result.Executed)
        {
            answer["data"] = JsonSerializer.SerializeToNode((result.Data as ExecutionNode)?.ToValue());
        }
        if (result.Errors is { Count: > 0 } errors)
        {
            answer["errors"] = new JsonArray([.. errors.Select(error => new JsonObject
            {
                ["message"] = (error.InnerException as ProblemException)?.Problem.Detail ?? error.Message,
                ["path"] = JsonSerializer.SerializeToNode(error.Path),
                ["locations"] = new JsonArray([.. (error.Locations ?? []).Select(at => new JsonObject { ["line"] = at.Line, ["column"] = at.Column })]),
            })]);
        }
        return answer;
    }

    private static CallContext Context(Scope scopes, CancellationToken cancel) => new(new Caller(null, scopes, null), NoServices.Instance, Freshness.Known, cancel) { TraceId = "trace" };

    private static Inputs Variables(string? json) => json is null ? Inputs.Empty : VariableValues.Of(JsonElement.Parse(json));

    /// <summary>What nobody expected, for whoever reads why a test failed.</summary>
    private sealed class TestOutput : ILogger<GraphExecutor>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            TestContext.Current.TestOutputHelper?.WriteLine(formatter(state, exception) + exception);
    }

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
