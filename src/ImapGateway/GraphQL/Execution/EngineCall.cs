using GraphQL;
using GraphQL.Execution;
using GraphQL.Types;
using GraphQL.Validation;
using ImapGateway.GraphQL.Fields;

namespace ImapGateway.GraphQL.Execution;

/// <summary>Resolves the engine's own fields, which are those of introspection, as the engine does.</summary>
public static class EngineCall
{
    public static ValueTask<object?> ResolveAsync(
        object source, PlanField field, IDictionary<string, ArgumentValue>? arguments, Plan plan, ISchema schema, Variables variables, CallContext context) =>
        field.Definition.Resolver!.ResolveAsync(new ResolveFieldContext
        {
            Source = source,
            FieldAst = field.Ast,
            FieldDefinition = field.Definition,
            ParentType = field.Parent,
            Arguments = arguments,
            Schema = schema,
            Document = plan.Document,
            Operation = plan.Operation,
            Variables = variables,
            RequestServices = context.Services,
            CancellationToken = context.Cancel,
            UserContext = new Dictionary<string, object?>(),
            Errors = [],
            ArrayPool = NewArrays.Instance,
        });

    /// <summary>Makes a new array for each request. Introspection needs arrays for a short time; it is too rare to pool them.</summary>
    private sealed class NewArrays : IExecutionArrayPool
    {
        public static readonly NewArrays Instance = new();

        public TElement[] Rent<TElement>(int minimumLength) => new TElement[minimumLength];
    }
}
