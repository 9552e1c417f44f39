using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using ImapGateway.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Keys;

public static class KeysApi
{
    private const string Kind = "keys";

    public static void AddKeys(this WebApplicationBuilder builder)
    {
        builder.Services.AddUsableIds("api_key", ObjectId.LooksMinted, () => ObjectId.NewRandom("key"));
        builder.Services.AddSingleton<KeyLookup>();
        builder.Services.AddSingleton<IKeyLookup>(services => services.GetRequiredService<KeyLookup>());
        builder.Services.AddSingleton<KeyStore>();
        builder.Services.AddSingleton<TicketSigner>();
        builder.Services.AddSingleton<ITicketReader>(services => services.GetRequiredService<TicketSigner>());
        builder.Services.AddHostedService<KeyUseWorker>();
    }

    public static void MapKeys(this IEndpointRouteBuilder v1)
    {
        var keys = v1.MapGroup("/keys").Requires(Scope.Admin).WithTag("Keys", "API keys: what they may do, with which accounts, and until when.")
            .WithPathParameter("id", "The id of the key; its value is no id.", "key_q5nzb3wk7ra2d");
        keys.MapGet("", List).WithETag().WithName("listKeys").WithSummary("List keys")
            .WithDescription("Newest first. A key that is limited to accounts sees those it made, and those they made; any other sees all. Their values are never shown.");
        keys.MapPost("", Create).Idempotent().WithName("createKey").WithSummary("Create a key")
            .WithDescription("The only answer with the value, as `key`. A key can give no scope and no account it does not have itself.");
        keys.MapGet("/{id}", Get).WithETag().WithName("getKey").WithSummary("Read a key");
        keys.MapPatch("/{id}", Change).WithName("patchKey").WithSummary("Change a key")
            .WithDescription("A JSON merge patch (RFC 7396). It holds from the next request on.").CanFail(ErrorCode.Unprocessable);
        keys.MapDelete("/{id}", Remove).WithName("deleteKey").WithSummary("Delete a key")
            .WithDescription("It and all keys it made end at once.");
    }

    private static async Task<PageResult<Key>> List(Caller caller, [AsParameters] Paging page, Conditions when, KeyStore store, KeyLookup lookup, CancellationToken cancel)
    {
        var rows = await store.ListAsync(caller, Cursor.Decode<CreatedPosition>(Kind, "", page.Cursor), page.Limit, cancel);
        var shown = rows.Take(page.Limit).ToArray();
        var next = rows.Count > shown.Length ? Cursor.Encode(Kind, "", CreatedPosition.Of(shown[^1])) : null;
        var list = new Page<Key>(shown.Select(row => Key.Of(row, lookup.LastUse(row.Id))).ToImmutableArray(), next);
        return new PageResult<Key>(Tagged.Weak(when, list, list));
    }

    private static async Task<Created<Key>> Create(HttpContext context, Caller caller, NewKey body, KeyStore store, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        var (key, value) = await store.CreateAsync(caller, body, cancel);
        return TypedResults.Created($"{RouteRights.Root}/keys/{key.Id}", Key.Of(key, null, value));
    }

    private static async Task<TaggedResult<Key>> Get(Caller caller, string id, Conditions when, KeyStore store, KeyLookup lookup, CancellationToken cancel)
    {
        var key = Key.Of(await store.GetAsync(caller, id, cancel), lookup.LastUse(id));
        return new TaggedResult<Key>(Tagged.Weak(when, key, key));
    }

    private static async Task<Ok<Key>> Change(Caller caller, string id, KeyPatch body, KeyStore store, KeyLookup lookup, CancellationToken cancel) =>
        TypedResults.Ok(Key.Of(await store.ChangeAsync(caller, id, body, cancel), lookup.LastUse(id)));

    private static async Task<NoContent> Remove(Caller caller, string id, KeyStore store, CancellationToken cancel)
    {
        await store.RemoveAsync(caller, id, cancel);
        return TypedResults.NoContent();
    }
}
