using System.Collections.Immutable;

namespace ImapGateway.Mail;

/// <summary>One page of a list. A page may be shorter than asked for without being the last.</summary>
/// <param name="Items">In the order of the list.</param>
/// <param name="NextCursor" example="Q1JN2kzqvEF7IkJlbG93Ijo0NzExfQ">Where the next page begins: the parameter `cursor` of the next request. Null on the last page.</param>
[GenerateSerializer, Immutable]
public sealed record Page<T>(ImmutableArray<T> Items, string? NextCursor);
