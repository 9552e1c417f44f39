namespace ImapGateway.GraphQL.Execution;

/// <summary>An object of the response with fields that are resolved later. Other objects are just read from their source.</summary>
public sealed class ObjectNode(PlanSelection selection, object source)
{
    public PlanSelection Selection => selection;

    public object Source => source;

    public object?[] Slots { get; } = new object?[selection.Slots.Count];
}

/// <summary>Stands for a value that is null because a non-null field below it failed; the error has been reported.</summary>
public sealed class Bubbled
{
    public static readonly Bubbled Instance = new();
}
