using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.Extensions;

namespace ImapGateway.Responses;

/// <summary>The parameters of a page: <c>limit</c> and <c>cursor</c>. A handler takes it with [AsParameters].</summary>
/// <param name="Limit">The largest number of items on the page.</param>
/// <param name="Cursor" example="Q1JN2kzqvEF7IkJlbG93Ijo0NzExfQ">`nextCursor` of the previous page, with the same filters. Without it the first page is returned.</param>
public sealed record Paging([Range(1, Paging.MaxLimit)] int Limit = Paging.DefaultLimit, string? Cursor = null)
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 500;

    /// <summary>Returns the Link header (RFC 8288): this request with the next cursor. It is relative, because a proxy may have the gateway under another name.</summary>
    public static string? LinkTo(HttpContext context, string? nextCursor)
    {
        if (nextCursor is null)
        {
            return null;
        }
        var query = new QueryBuilder();
        foreach (var (name, values) in context.Request.Query)
        {
            if (name != "cursor")
            {
                query.Add(name, values.Select(value => value ?? ""));
            }
        }
        query.Add("cursor", nextCursor);
        return $"<{context.Request.PathBase.ToUriComponent()}{context.Request.Path.ToUriComponent()}{query}>; rel=\"next\"";
    }
}
