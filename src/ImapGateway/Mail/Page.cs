using System.Collections.Immutable;

namespace ImapGateway.Mail;

/// <summary>One page of a list; <see cref="NextCursor"/> is null on the last one. A page may be shorter than asked for without being the last.</summary>
[GenerateSerializer, Immutable]
public sealed record Page<T>(ImmutableArray<T> Items, string? NextCursor);
