using System.Text.Json;
using GraphQL.Types;
using GraphQLParser;
using ImapGateway.Access;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.Extensions.Options;

namespace ImapGateway.GraphQL.Execution;

/// <summary>Makes operations of requests. A request that is malformed, too large or not allowed is refused before anything is read.</summary>
public sealed partial class GraphExecutor(ISchema schema, Documents documents, IOptions<GraphQLOptions> options, ILogger<GraphExecutor> log)
{
    public static readonly JsonWriterOptions Writing = new() { Encoder = StrictJson.Encoder, SkipValidation = true };

    public ISchema Schema => schema;

    public GraphQLOptions Limits => options.Value;

    public SharedAnswers Shared { get; } = new();

    /// <returns>The operation, or the errors of the request.</returns>
    public async Task<(GraphOperation? Operation, IReadOnlyList<GraphError> Errors)> PrepareAsync(GraphRequest request, CallContext context)
    {
        try
        {
            var (plan, variables, errors) = await documents.FindAsync(request, context.Cancel);
            if (plan is null)
            {
                return (null, errors);
            }
            var run = new PlanRun(plan, schema, variables, context);
            var forbidden = Forbidden(plan, run, context.Caller).ToList();
            if (forbidden.Count > 0)
            {
                return (null, forbidden);
            }
            var cost = Cost.Of(run, plan.Root);
            return cost > Limits.MaxCost
                ? (null, [GraphError.Of(ErrorCode.BadRequest, $"The answer could have {cost} objects, and {Limits.MaxCost} are allowed: ask for smaller pages (GraphQL:{nameof(Limits.MaxCost)}).")])
                : (new GraphOperation(this, plan, variables, context), []);
        }
        catch (ProblemException refusal)
        {
            return (null, [new GraphError(refusal.Problem, [], null)]);
        }
    }

    /// <summary>Returns errors for the fields that the caller's key has no scope for.</summary>
    private static IEnumerable<GraphError> Forbidden(Plan plan, PlanRun run, Caller caller) =>
        from field in plan.Fields
        where field.Definition is GraphField known && !caller.Has(known.Scope) && run.Asks(field)
        let at = Location.FromLinearPosition(plan.Document.Source, field.Ast.Location.Start)
        select new GraphError(
            new Problem(ErrorCode.Forbidden, $"{field.Parent.Name}.{field.Definition.Name}: the key needs the scope {string.Join(" or ", Scopes.NamesOf(((GraphField)field.Definition).Scope))}."),
            [(at.Line, at.Column)],
            null);

    /// <exception cref="ProblemException">403 if the caller's rights have changed.</exception>
    internal static void Demand(Plan plan, PlanRun run, Caller caller)
    {
        if (Forbidden(plan, run, caller).FirstOrDefault() is { } forbidden)
        {
            throw new ProblemException(forbidden.Problem);
        }
    }

    /// <summary>Logs an unexpected failure of a connection that goes on, and returns its error.</summary>
    internal GraphError Tell(Exception reason, string traceId)
    {
        LogUnexpected(reason, traceId);
        return new GraphError(FrameworkProblems.Unexpected, [], null);
    }

    internal void Tell(PlanField field, Exception? reason, string traceId)
    {
        LogFault(reason, field.Parent.Name, field.Definition.Name, traceId);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An operation of the graph failed, trace {TraceId}")]
    private partial void LogUnexpected(Exception failure, string traceId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The field {Type}.{Field} of the graph failed, trace {TraceId}")]
    private partial void LogFault(Exception? failure, string type, string field, string traceId);
}
