using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Keys;

public static class TicketsApi
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>The largest number of accounts: they are part of the address of a request, whose length is limited.</summary>
    private const int MaxAccounts = 50;

    public static void MapTickets(this IEndpointRouteBuilder v1) =>
        v1.MapPost("/tickets", Create).Requires(Scopes.Any).WithTag("Tickets", "What a browser puts into the address of a connection that cannot send a header.")
            .WithName("createTicket").WithSummary("Create a ticket")
            .WithDescription("For routes with the parameter `ticket`. It opens connections until `expiresAt`; an open one goes on. It never has more rights than the key that made it, and ends with it.");

    private static Ok<NewTicket> Create(HttpContext context, TicketInput? body, Caller caller, Credential credential, TicketSigner tickets, TimeProvider time)
    {
        body ??= new TicketInput();
        var malformed = new RequestErrors();
        var scopes = body.Scopes is null ? caller.Scopes : GrantRules.ParseScopes(body.Scopes, malformed);
        GrantRules.CheckAccounts(body.Accounts, MaxAccounts, malformed);
        malformed.ThrowIfAny();
        GrantRules.CheckWithin(scopes, body.Accounts, caller);
        // The time has the precision of a ticket.
        var until = DateTimeOffset.FromUnixTimeMilliseconds((time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds());
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new NewTicket(tickets.Write(new Ticket(credential.Sha256.ToArray(), scopes, body.Accounts is { } ids ? [.. ids] : null, until)), until));
    }
}

/// <summary>The rights of a new ticket; `{}` or no body: all rights of the key.</summary>
public sealed record TicketInput
{
    /// <summary>The scopes; null or absent: those of the key.</summary>
    /// <example>["mail.read"]</example>
    [SchemaOf(typeof(Scope[]))]
    public ImmutableArray<string>? Scopes { get; init; }

    /// <summary>The ids of the accounts that it is limited to, at most 50; null or absent: all that the key may see, now and later.</summary>
    /// <example>["acc_k3v7q2mzp4x6a"]</example>
    public ImmutableArray<string>? Accounts { get; init; }
}

/// <summary>A ticket, shown only once.</summary>
/// <param name="Value" example="igt_Q2ZESjhQ...">The value for the parameter `ticket` of an address.</param>
/// <param name="ExpiresAt" example="2026-05-31T12:10:00Z">The time until which it opens connections.</param>
public sealed record NewTicket(
    [property: JsonPropertyName("ticket")] string Value,
    DateTimeOffset ExpiresAt);
