using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>One page of a list. A page may be shorter than requested without being the last.</summary>
/// <param name="Items">The items in the order of the list.</param>
/// <param name="NextCursor" example="Q1JN2kzqvEF7IkJlbG93Ijo0NzExfQ">The position of the next page, for the parameter `cursor` of the next request. Null on the last page.</param>
/// <param name="FeedPosition" example="a_k3v7q2mz_42">The value of `after` for the feed of changes, which then includes every change that this list does not show. It is the same on all pages. Absent if there is no feed.</param>
[GenerateSerializer, Immutable]
public sealed record Page<T>(
    ImmutableArray<T> Items, string? NextCursor, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? FeedPosition = null);
