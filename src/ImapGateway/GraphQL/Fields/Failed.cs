namespace ImapGateway.GraphQL.Fields;

/// <summary>A value that could not be resolved. A resolver may put it into a list, whose other items must not fail with it.</summary>
public sealed record Failed(Exception Reason);
