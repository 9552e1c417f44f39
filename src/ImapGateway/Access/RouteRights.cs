using ImapGateway.Mail;

namespace ImapGateway.Access;

/// <summary>The rights that a route needs of its caller, as metadata that <see cref="KeyMiddleware"/> enforces and the golden route table shows.</summary>
public static class RouteRights
{
    /// <summary>The path below which every request needs a key, whether a route exists or not.</summary>
    public const string Root = "/v1";

    public static readonly Problem KeyRequired = new(ErrorCode.Unauthorized, "Send a valid key: 'Authorization: Bearer <key>'.");

    /// <summary>The problem of an account that does not exist or that the key may not see. A client cannot tell one from the other.</summary>
    public static Problem NoSuchAccount => new(ErrorCode.NotFound, "There is no such account.");

    /// <summary>Demands a key for every route of the group.</summary>
    public static RouteGroupBuilder RequireKey(this RouteGroupBuilder group) => group.WithMetadata(new NeedsKey());

    /// <summary>Sets the scope of a route; callers without it get 403. A route without this is for <see cref="Scope.Admin"/> alone, and fails the golden route table.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder route, Scope scope) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RequiredScope(scope));

    /// <summary>Accepts a ticket in the address in place of a key, for routes that browsers open without a header.</summary>
    public static TBuilder TakesTicket<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new TakesTicket());

    /// <summary>Lets a WebSocket send its key in its first message. The handler then asks for it.</summary>
    public static TBuilder TakesKeyLater<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new TakesKeyLater());

    /// <summary>Marks a route whose responses can take long: a running one is aborted when its key loses the right to it.</summary>
    public static TBuilder EndsWithKey<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new EndsWithKey());
}

public sealed record NeedsKey;

public sealed record RequiredScope(Scope Scope);

public sealed record TakesKeyLater;

public sealed record EndsWithKey;

public sealed record TakesTicket
{
    public const string Parameter = "ticket";
}
