using System.Collections.Immutable;
using ImapGateway.Http;
using ImapGateway.Responses;

namespace ImapGateway.OpenApi;

/// <summary>
/// Adds facts about routes to the document that the types of their handlers do not show. These are known already: the key and its scope, 400, 401, 403, 404 where the path names
/// a resource, 413 and 415 where there is a body, 500 and 503; and what <see cref="IdempotencyKey.Idempotent"/>, <see cref="Fields{T}"/> and <see cref="PageResult{T}"/> add.
/// </summary>
public static class RouteDocs
{
    private static readonly ErrorCode[] OfMailServers =
    [
        ErrorCode.AccountAuthFailed, ErrorCode.AccountBusy, ErrorCode.AccountThrottled, ErrorCode.AccountLimit,
        ErrorCode.AccountDenied, ErrorCode.AccountProtocol, ErrorCode.AccountUnavailable, ErrorCode.AccountTimeout, ErrorCode.AccountSuspected,
        ErrorCode.AccountPlaintextRefused,
        ErrorCode.AccountCredentialUnreadable,
        ErrorCode.AccountDamaged,
    ];

    /// <summary>Sets the heading that the operations are under.</summary>
    public static TBuilder WithTag<TBuilder>(this TBuilder route, string name, string description) where TBuilder : IEndpointConventionBuilder =>
        route.WithTags(name).WithMetadata(new TagDescription(name, description));

    /// <summary>Describes a parameter of the path, for all routes of a group at once.</summary>
    public static TBuilder WithPathParameter<TBuilder>(this TBuilder route, string name, string description, string example) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new PathParameter(name, description, example));

    /// <summary>Adds error codes that the route can fail with. Several calls add up.</summary>
    public static TBuilder CanFail<TBuilder>(this TBuilder route, params ErrorCode[] codes) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new PossibleErrors([.. codes]));

    /// <summary>Marks a route that asks the mail server, which can refuse, be busy, be unavailable, or send an invalid response.</summary>
    public static TBuilder AsksMailServer<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.CanFail(OfMailServers);

    /// <summary>
    /// Marks a route that shows the known state of the mail server. The server is asked if the gateway does not hear of its changes, or if Cache-Control demands it. While it is away the
    /// response says so.
    /// </summary>
    public static TBuilder ShowsMail<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.AsksMailServer().WithETag().WithMetadata(new RememberedAnswer());

    /// <summary>Marks a route that changes something at the mail server, which can also be over quota, have it already, or forbid it.</summary>
    public static TBuilder ChangesMailServer<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.AsksMailServer().CanFail(ErrorCode.AccountQuota, ErrorCode.Conflict, ErrorCode.Unprocessable);

    /// <summary>Marks a route whose responses carry an ETag; If-None-Match can make them a 304.</summary>
    public static TBuilder WithETag<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new TaggedAnswer());

    /// <summary>Marks a route that changes a resource with a strong ETag: If-Match can make it a 412.</summary>
    public static TBuilder TakesIfMatch<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new GuardedRoute()).CanFail(ErrorCode.PreconditionFailed);

    /// <summary>Marks a route that answers with octets, whole or in part: ETag, If-Match, Range, Content-Disposition, 206, 304, 412, 416.</summary>
    /// <param name="mediaTypes">The media types of the octets: <c>message/rfc822</c>, or <c>*/*</c>.</param>
    public static TBuilder AnswersOctets<TBuilder>(this TBuilder route, params string[] mediaTypes) where TBuilder : IEndpointConventionBuilder =>
        route.WithETag().WithMetadata(new OctetAnswer([.. mediaTypes])).CanFail(ErrorCode.PreconditionFailed, ErrorCode.RangeNotSatisfiable);

    /// <summary>Marks a route that answers with a page of HTML.</summary>
    public static TBuilder AnswersPage<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new PageAnswer());
}

public sealed record PageAnswer;

public sealed record TagDescription(string Name, string Description);

public sealed record PathParameter(string Name, string Description, string Example);

public sealed record PossibleErrors(ImmutableArray<ErrorCode> Codes);

public sealed record TaggedAnswer;

public sealed record OctetAnswer(ImmutableArray<string> MediaTypes);

/// <summary>Marks a route that answers with server-sent events, for as long as the client stays.</summary>
public sealed record EventStreamAnswer;
