namespace ImapGateway.GraphQL.Execution;

/// <summary>An object of the answer that has something to wait for. Others are just what they are read off.</summary>
public sealed class ObjectNode(PlanSelection selection, object source)
{
    public PlanSelection Selection => selection;

    public object Source => source;

    public object?[] Slots { get; } = new object?[selection.Slots.Count];
}

/// <summary>A value that could not be had; a resolver may put it into a list, whose other items are not to fail with it.</summary>
public sealed record Failed(Exception Reason);

/// <summary>Stands for a value that is null because something below it must not be; the error has been told.</summary>
public sealed class Bubbled
{
    public static readonly Bubbled Instance = new();
}
