using ImapGateway.Access;
using Microsoft.OpenApi;
using Scope = ImapGateway.Access.Scope;

namespace ImapGateway.OpenApi;

/// <summary>Describes how a key is sent, and which scopes an operation needs.</summary>
public static class KeySecurity
{
    public const string Scheme = "key";
    public const string TicketScheme = "ticket";

    public static OpenApiSecurityScheme Definition => new()
    {
        Type = SecuritySchemeType.Http,
        Scheme = "bearer",
        BearerFormat = "igk_...",
        Description = $"`Authorization: Bearer <key>`. A key has scopes: {string.Join(", ", Scopes.Names.Select(name => $"`{name}`"))}; `mail.read` includes `mail.readBasic`, `admin` includes all.",
    };

    public static OpenApiSecurityScheme Ticket => new()
    {
        Type = SecuritySchemeType.ApiKey,
        In = ParameterLocation.Query,
        Name = TakesTicket.Parameter,
        Description = "`POST /v1/tickets` makes one, for clients that cannot send a header. It has at most the scopes of its key.",
    };

    /// <summary>Returns the scopes as alternatives, since one of them is enough (OpenAPI 3.1 section 4.8.30 allows role names with any scheme).</summary>
    public static IList<OpenApiSecurityRequirement> Of(Scope any, bool takesTicket, OpenApiDocument document) =>
        [.. from scheme in takesTicket ? [Scheme, TicketScheme] : new[] { Scheme }
            from names in any == Scopes.Any ? [[]] : Scopes.NamesOf(any).Select(name => new List<string> { name })
            select new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, document)] = names }];

    public static string Sentence(Scope any) =>
        any == Scopes.Any ? "Any key may ask, each as far as it may see." : $"Needs the scope {string.Join(" or ", Scopes.NamesOf(any).Select(name => $"`{name}`"))}.";
}
