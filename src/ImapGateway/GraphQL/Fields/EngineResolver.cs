using GraphQL;
using GraphQL.Execution;
using GraphQL.Resolvers;

namespace ImapGateway.GraphQL.Fields;

/// <summary>Resolves fields for the engine's own execution, which the results of plans are compared with.</summary>
public sealed class EngineResolver(GraphField field) : IFieldResolver, ISourceStreamResolver
{
    /// <summary>The key in the user context.</summary>
    public const string Call = "call";

    public ValueTask<object?> ResolveAsync(IResolveFieldContext context) => field switch
    {
        LeafField leaf => ValueTask.FromResult(leaf.Read(context.Source!)),
        PartField part => ValueTask.FromResult(part.Read(context.Source!)),
        ResolvedField resolved => resolved.ResolveAsync(context.Source!, CallOf(context)),
        _ => throw OnPlan(),
    };

    /// <summary>The engine pushes, whether or not the client reads.</summary>
    ValueTask<IObservable<object?>> ISourceStreamResolver.ResolveAsync(IResolveFieldContext context) => throw OnPlan();

    private static InvalidOperationException OnPlan() => new("Subscriptions run on the plan alone.");

    private static FieldCall CallOf(IResolveFieldContext context) =>
        new((CallContext)context.UserContext[Call]!, context.Arguments is { } arguments ? new Dictionary<string, ArgumentValue>(arguments) : null, null);
}
