using System.Collections.Immutable;
using ImapGateway.Http;
using ImapGateway.Responses;

namespace ImapGateway.OpenApi;

/// <summary>
/// What routes tell their readers beyond what their handlers' types say. Known without being told are: the key and its scope, 400, 401, 403, 404 where the path names
/// something, 413 and 415 where there is a body, 500 and 503; what <see cref="IdempotencyKey.Idempotent"/>, <see cref="Fields{T}"/> and <see cref="PageResult{T}"/> bring.
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

    /// <summary>The heading its operations stand under.</summary>
    public static TBuilder WithTag<TBuilder>(this TBuilder route, string name, string description) where TBuilder : IEndpointConventionBuilder =>
        route.WithTags(name).WithMetadata(new TagDescription(name, description));

    /// <summary>A parameter of the path, for all routes of a group at once.</summary>
    public static TBuilder WithPathParameter<TBuilder>(this TBuilder route, string name, string description, string example) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new PathParameter(name, description, example));

    /// <summary>Errors it can answer with; several calls add up.</summary>
    public static TBuilder CanFail<TBuilder>(this TBuilder route, params ErrorCode[] codes) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new PossibleErrors([.. codes]));

    /// <summary>It asks the mail server, which can refuse, be busy, be away, or talk nonsense.</summary>
    public static TBuilder AsksMailServer<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.CanFail(OfMailServers);

    /// <summary>It shows what is known of what the mail server has: where changes are not heard of, or Cache-Control demands it, the server is asked; while it is away the answer says so.</summary>
    public static TBuilder ShowsMail<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.AsksMailServer().WithETag().WithMetadata(new RememberedAnswer());

    /// <summary>It changes something there, which can also be full, have it already, or rule it out.</summary>
    public static TBuilder ChangesMailServer<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.AsksMailServer().CanFail(ErrorCode.AccountQuota, ErrorCode.Conflict, ErrorCode.Unprocessable);

    /// <summary>Its answers carry an ETag, and If-None-Match can make them a 304.</summary>
    public static TBuilder WithETag<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new TaggedAnswer());

    /// <summary>It changes what has a strong ETag: If-Match can make it a 412.</summary>
    public static TBuilder TakesIfMatch<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new GuardedRoute()).CanFail(ErrorCode.PreconditionFailed);

    /// <summary>It answers with octets, whole or in part: ETag, If-Match, Range, Content-Disposition, 206, 304, 412, 416.</summary>
    /// <param name="mediaTypes">What they can be: <c>message/rfc822</c>, or <c>*/*</c>.</param>
    public static TBuilder AnswersOctets<TBuilder>(this TBuilder route, params string[] mediaTypes) where TBuilder : IEndpointConventionBuilder =>
        route.WithETag().WithMetadata(new OctetAnswer([.. mediaTypes])).CanFail(ErrorCode.PreconditionFailed, ErrorCode.RangeNotSatisfiable);

    /// <summary>It answers with a page of HTML.</summary>
    public static TBuilder AnswersPage<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new PageAnswer());
}

public sealed record PageAnswer;

public sealed record TagDescription(string Name, string Description);

public sealed record PathParameter(string Name, string Description, string Example);

public sealed record PossibleErrors(ImmutableArray<ErrorCode> Codes);

public sealed record TaggedAnswer;

public sealed record OctetAnswer(ImmutableArray<string> MediaTypes);

/// <summary>It answers with server-sent events, for as long as the client stays.</summary>
public sealed record EventStreamAnswer;
