using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using GraphQL.Validation;
using GraphQLParser;
using GraphQLParser.AST;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.GraphQL.Execution;

/// <param name="Json">The whole response.</param>
/// <param name="Position">The position to continue after it.</param>
public readonly record struct StreamedAnswer(byte[] Json, string Position);

/// <summary>A valid and allowed operation, ready to be run.</summary>
public sealed class GraphOperation(GraphExecutor executor, Plan plan, Variables variables, CallContext context)
{
    public OperationType Kind => plan.Kind;

    /// <summary>The guards after a run, which show how long the response is known to be valid; null: it is not.</summary>
    public IReadOnlyList<GuardedAt>? HoldsAt { get; private set; }

    /// <summary>Runs a query or a mutation.</summary>
    /// <param name="to">The response; it is written at the end, at once.</param>
    public async Task RunAsync(IBufferWriter<byte> to, object? given = null)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(context.Cancel);
        time.CancelAfter(executor.Limits.RequestTime);
        var own = context with { Cancel = time.Token };
        var run = new PlanRun(plan, executor.Schema, variables, own);
        var root = await run.RunAsync(given);
        context.Cancel.ThrowIfCancellationRequested();
        var isWhole = Write(run, root, to);
        HoldsAt = isWhole && Kind == OperationType.Query && plan.Fields.All(field => field.IsReadOrHeld || !run.Asks(field)) ? context.Holds.Guards : null;
    }

    /// <summary>Streams the responses of a subscription. Each is made when it is requested, and is shared with other subscriptions.</summary>
    /// <exception cref="ProblemException">It cannot begin, or not go on: the caller may not see it any more, or it is gone.</exception>
    public async IAsyncEnumerable<StreamedAnswer> StreamAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        var run = new PlanRun(plan, executor.Schema, variables, context);
        var field = plan.Root.Fields.FirstOrDefault(run.Asks) ?? throw new ProblemException(ErrorCode.BadRequest, "It asks for nothing.");
        var form = AnswerForm.Of(plan, field, variables);
        var scopes = context.Caller.Scopes;
        await foreach (var item in ((StreamedField)field.Definition).Open(run.CallOf(field)).WithCancellation(cancel))
        {
            if (item.Caller.Scopes != scopes)
            {
                GraphExecutor.Demand(plan, run, item.Caller);
                scopes = item.Caller.Scopes;
            }
            yield return new StreamedAnswer(await executor.Shared.AnswerAsync(item.Value, form with { Scopes = scopes }, () => AnswerAsync(item)), item.Position);
        }
    }

    /// <summary>Makes a response. It may be shared, and does not end with the client that requested it first.</summary>
    private async Task<byte[]> AnswerAsync(StreamedItem item)
    {
        var own = new CallContext(item.Caller, context.Services, context.Freshness, CancellationToken.None) { TraceId = context.TraceId };
        var answer = new ArrayBufferWriter<byte>();
        await new GraphOperation(executor, plan, variables, own).RunAsync(answer, item.Value);
        return answer.WrittenSpan.ToArray();
    }

    /// <returns>True if nothing has failed.</returns>
    private bool Write(PlanRun run, ObjectNode root, IBufferWriter<byte> to)
    {
        List<GraphError> errors = [];
        var stands = new NullBubbling(run.Asks, (field, path, reason) => errors.Add(ErrorOf(field, path, reason))).Settle(root);
        using var json = new Utf8JsonWriter(to, GraphExecutor.Writing);
        json.WriteStartObject();
        if (errors.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (var error in errors)
            {
                error.Write(json, context.TraceId);
            }
            json.WriteEndArray();
        }
        json.WritePropertyName("data");
        if (stands)
        {
            new AnswerWriter(json, run.Asks).Write(plan.Root, root);
        }
        else
        {
            json.WriteNullValue();
        }
        json.WriteEndObject();
        return errors.Count == 0;
    }

    private GraphError ErrorOf(PlanField field, IReadOnlyList<object> path, Exception? reason)
    {
        var at = Location.FromLinearPosition(plan.Document.Source, field.Ast.Location.Start);
        return new GraphError(ProblemOf(field, reason), [(at.Line, at.Column)], path);
    }

    private Problem ProblemOf(PlanField field, Exception? reason)
    {
        switch (reason)
        {
            case ProblemException expected:
                return expected.Problem;
            case OperationCanceledException:
                return new Problem(ErrorCode.Unavailable, $"It took longer than {executor.Limits.RequestTime.TotalSeconds:0.#} s (GraphQL:RequestTime).");
            default:
                executor.Tell(field, reason, context.TraceId);
                return FrameworkProblems.Unexpected;
        }
    }
}
