using ImapGateway.Mail;

namespace ImapGateway.Access;

/// <summary>What a route demands of its caller, as metadata that <see cref="KeyMiddleware"/> enforces and the golden route table shows.</summary>
public static class RouteRights
{
    /// <summary>Everything below needs a key, known to routing or not.</summary>
    public const string Root = "/v1";

    public static readonly Problem KeyRequired = new(ErrorCode.Unauthorized, "Send a valid key: 'Authorization: Bearer <key>'.");

    /// <summary>An account that is not there and one the key must not see are told apart by nobody.</summary>
    public static Problem NoSuchAccount => new(ErrorCode.NotFound, "There is no such account.");

    /// <summary>Every route of the group needs a key.</summary>
    public static RouteGroupBuilder RequireKey(this RouteGroupBuilder group) => group.WithMetadata(new NeedsKey());

    /// <summary>Callers without the scope get 403. A route that forgets to say is for <see cref="Scope.Admin"/> alone, and fails the golden route table.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder route, Scope scope) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RequiredScope(scope));

    /// <summary>Browsers open it without a header: a ticket in the address does as well as a key.</summary>
    public static TBuilder TakesTicket<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new TakesTicket());

    /// <summary>A WebSocket may bring its key in its first message: the handler then asks for it.</summary>
    public static TBuilder TakesKeyLater<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new TakesKeyLater());

    /// <summary>Its answers can take long: one that runs is aborted when its key loses the right to it.</summary>
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
