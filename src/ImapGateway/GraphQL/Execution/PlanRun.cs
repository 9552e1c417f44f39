using System.Collections;
using System.Threading.Channels;
using GraphQL.Execution;
using GraphQL.Types;
using GraphQL.Validation;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;

namespace ImapGateway.GraphQL.Execution;

/// <summary>
/// One execution of a plan. Each field is resolved by itself, and none waits for its neighbours; results are processed one at a time. When nothing more can be
/// resolved, everything that was requested meanwhile is read together (<see cref="Loaders"/>).
/// </summary>
public sealed class PlanRun
{
    private readonly Plan _plan;
    private readonly ISchema _schema;
    private readonly Variables _variables;
    private readonly CallContext _context;
    private readonly FieldCall?[] _calls;
    private readonly bool[]? _excluded;
    private readonly HashSet<Wait> _waiting = [];
    private readonly Channel<Wait?> _arrived = Channel.CreateUnbounded<Wait?>(new UnboundedChannelOptions { SingleReader = true });

    private sealed record Wait(ObjectNode Node, PlanField Field, Task<object?> Value);

    public PlanRun(Plan plan, ISchema schema, Variables variables, CallContext context)
    {
        (_plan, _schema, _variables, _context) = (plan, schema, variables, context);
        _calls = new FieldCall?[plan.Fields.Count];
        foreach (var field in plan.Fields)
        {
            if (field.Conditions is { } alternatives && !alternatives.Any(all => all.All(Holds)))
            {
                (_excluded ??= new bool[plan.Fields.Count])[field.Id] = true;
            }
        }
        context.Loaders.Waiting = () => _arrived.Writer.TryWrite(null);
    }

    public bool Asks(PlanField field) => _excluded is null || !_excluded[field.Id];

    /// <param name="given">The value of the first field, if it is known already.</param>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public async Task<ObjectNode> RunAsync(object? given = null)
    {
        var root = new ObjectNode(_plan.Root, GraphBuilder.Root.Instance);
        var fields = _plan.Root.Slots.Where(Asks).ToList();
        if (given is not null)
        {
            var field = fields.Single();
            root.Slots[field.Slot] = Complete(field, field.Definition.ResolvedType!, given);
            await DrainAsync();
            return root;
        }
        foreach (var turn in TurnsOf(fields))
        {
            foreach (var field in turn)
            {
                Start(root, field);
            }
            await DrainAsync();
        }
        return root;
    }

    /// <summary>Returns the fields in groups: mutations one after the other (GraphQL section 6.2.2); of queries first the fields that must be read before the others.</summary>
    private IEnumerable<List<PlanField>> TurnsOf(List<PlanField> fields)
    {
        if (_plan.Kind == GraphQLParser.AST.OperationType.Mutation)
        {
            return fields.Select(field => new List<PlanField> { field });
        }
        var first = fields.FindAll(field => field.Definition is GraphField { IsFirst: true });
        return first.Count == 0 ? [fields] : [first, fields.FindAll(field => !first.Contains(field))];
    }

    /// <summary>Processes results until no field waits, or the time is over.</summary>
    private async ValueTask DrainAsync()
    {
        while (true)
        {
            _context.Loaders.Flush();
            if (_waiting.Count == 0)
            {
                return;
            }
            Wait? arrived;
            try
            {
                arrived = await _arrived.Reader.ReadAsync(_context.Cancel);
            }
            catch (OperationCanceledException late)
            {
                // Results that have arrived are written; the other fields fail.
                foreach (var (node, field, _) in _waiting)
                {
                    node.Slots[field.Slot] = new Failed(late);
                }
                _waiting.Clear();
                return;
            }
            do
            {
                Arrive(arrived);
            }
            while (_arrived.Reader.TryRead(out arrived));
        }
    }

    private void Arrive(Wait? wait)
    {
        if (wait is not null && _waiting.Remove(wait))
        {
            wait.Node.Slots[wait.Field.Slot] = wait.Value.IsCompletedSuccessfully ? Complete(wait.Field, wait.Field.Definition.ResolvedType!, wait.Value.Result) : FailureOf(wait.Value);
        }
    }

    private static Failed FailureOf(Task<object?> task) => new(task.Exception?.InnerException ?? new OperationCanceledException());

    private void Start(ObjectNode node, PlanField field)
    {
        try
        {
            if (field.Part is { } part)
            {
                node.Slots[field.Slot] = Complete(field, part.ResolvedType!, part.Read(node.Source));
                return;
            }
            var value = field.Definition is ResolvedField resolved ? resolved.ResolveAsync(node.Source, CallOf(field)) : EngineCall.ResolveAsync(node.Source, field, ArgumentsOf(field), _plan, _schema, _variables, _context);
            if (value.IsCompletedSuccessfully)
            {
                node.Slots[field.Slot] = Complete(field, field.Definition.ResolvedType!, value.Result);
                return;
            }
            var wait = new Wait(node, field, value.AsTask());
            _waiting.Add(wait);
            wait.Value.ContinueWith(static (_, state) =>
            {
                var (run, wait) = ((PlanRun, Wait))state!;
                run._arrived.Writer.TryWrite(wait);
            }, (this, wait), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        catch (Exception failure)
        {
            node.Slots[field.Slot] = new Failed(failure);
        }
    }

    /// <summary>Completes a value (GraphQL section 6.4.3), except for nulls in non-null fields: those are found when all values are there.</summary>
    private object? Complete(PlanField field, IGraphType type, object? value) => type switch
    {
        _ when value is null or Failed => value,
        NonNullGraphType required => Complete(field, required.ResolvedType!, value),
        ListGraphType list => CompleteAll(field, list.ResolvedType!, value),
        ScalarGraphType scalar => scalar.Serialize(value),
        _ => Expand(field.SelectionOf(value), value),
    };

    private object?[] CompleteAll(PlanField field, IGraphType type, object value)
    {
        if (value is not IList items)
        {
            return [.. ((IEnumerable)value).Cast<object?>().Select(item => Complete(field, type, item))];
        }
        // By index: lists of introspection cannot be enumerated.
        var completed = new object?[items.Count];
        for (var i = 0; i < completed.Length; i++)
        {
            completed[i] = Complete(field, type, items[i]);
        }
        return completed;
    }

    private object Expand(PlanSelection selection, object source)
    {
        if (selection.Slots.Count == 0)
        {
            return source;
        }
        var node = new ObjectNode(selection, source);
        foreach (var field in selection.Slots)
        {
            if (Asks(field))
            {
                Start(node, field);
            }
        }
        return node;
    }

    public FieldCall CallOf(PlanField field) => _calls[field.Id] ??= new FieldCall(_context, ArgumentsOf(field), path => Below(field, path, 0));

    private Dictionary<string, ArgumentValue>? ArgumentsOf(PlanField field) =>
        ExecutionHelper.GetArguments(field.Definition.Arguments, field.Ast.Arguments, _variables, _plan.Document, field.Ast, null);

    private IEnumerable<GraphField> Below(PlanField field, IReadOnlyList<string> path, int at)
    {
        foreach (var child in field.Selections.Values.SelectMany(selection => selection.Fields).Where(Asks))
        {
            if (at == path.Count)
            {
                if (child.Definition is GraphField known)
                {
                    yield return known;
                }
            }
            else if (child.Definition.Name == path[at])
            {
                foreach (var found in Below(child, path, at + 1))
                {
                    yield return found;
                }
            }
        }
    }

    private bool Holds(Condition condition) => _variables.ValueFor(condition.Variable, out var value) && value.Value is bool given && given == condition.Holds;
}
