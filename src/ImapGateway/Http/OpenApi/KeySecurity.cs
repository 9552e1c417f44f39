using Microsoft.OpenApi;

namespace ImapGateway.Http.OpenApi;

/// <summary>How a key is sent, and which scopes an operation asks of it.</summary>
public static class KeySecurity
{
    public const string Scheme = "key";

    public static OpenApiSecurityScheme Definition => new()
    {
        Type = SecuritySchemeType.Http,
        Scheme = "bearer",
        BearerFormat = "igk_...",
        Description = $"`Authorization: Bearer <key>`. A key has scopes: {string.Join(", ", Scopes.Names.Select(name => $"`{name}`"))}; `mail.read` includes `mail.readBasic`, `admin` includes all.",
    };

    /// <summary>One of the scopes is enough, hence alternatives (OpenAPI 3.1 section 4.8.30 allows role names with any scheme).</summary>
    public static IList<OpenApiSecurityRequirement> Of(Scope any, OpenApiDocument document) =>
        [.. Scopes.NamesOf(any).Select(name => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [name] })];

    public static string Sentence(Scope any) => $"Needs the scope {string.Join(" or ", Scopes.NamesOf(any).Select(name => $"`{name}`"))}.";
}
