using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The API for endpoints: their settings, their secrets and their states.</summary>
public static class WebhooksApi
{
    private const string Kind = "webhooks";

    public static void MapEndpoints(this RouteGroupBuilder webhooks)
    {
        webhooks.MapGet("", List).WithETag().WithName("listWebhooks").WithSummary("List webhooks")
            .WithDescription("Newest first. A key sees those it has made; an admin key that is not limited to accounts sees all.");
        webhooks.MapPost("", Create).Idempotent().WithName("createWebhook").WithSummary("Create a webhook")
            .WithDescription("It is told of what happens from now on. The only answer with its `secret`, but for a rotation. 410 for a mailbox that belongs to a state that is lost.").CanFail(ErrorCode.Gone);
        webhooks.MapGet("/{id}", Get).WithETag().WithName("getWebhook").WithSummary("Read a webhook");
        webhooks.MapPatch("/{id}", Change).WithName("patchWebhook").WithSummary("Change a webhook")
            .WithDescription("A JSON merge patch (RFC 7396). What is on its way is not affected. One that is disabled with `key_revoked` becomes the caller's, if that is an admin key. 410 for a mailbox that belongs to a state that is lost.")
            .CanFail(ErrorCode.Conflict, ErrorCode.Gone);
        webhooks.MapDelete("/{id}", Remove).WithName("deleteWebhook").WithSummary("Delete a webhook").WithDescription("What was not delivered never will be.");
        webhooks.MapPost("/{id}/rotate-secret", Rotate).WithName("rotateWebhookSecret").WithSummary("Give a webhook another secret")
            .WithDescription("The only answer with the new `secret`. For 24 hours deliveries are signed with the old one, too.");
        webhooks.MapPost("/{id}/pause", Pause).WithName("pauseWebhook").WithSummary("Pause a webhook")
            .WithDescription("What happens meanwhile is delivered once it is resumed, for as long as changes are kept.").CanFail(ErrorCode.Conflict);
        webhooks.MapPost("/{id}/resume", Resume).WithName("resumeWebhook").WithSummary("Resume a webhook")
            .WithDescription("It goes on where it stopped, whether it was paused, failing or disabled, and retries begin anew.").CanFail(ErrorCode.Conflict);
    }

    private static async Task<PageResult<Webhook>> List(Caller caller, [AsParameters] Paging page, Conditions when, WebhookStore store, CancellationToken cancel)
    {
        var rows = await store.ListAsync(caller, Cursor.Decode<CreatedPosition>(Kind, "", page.Cursor), page.Limit, cancel);
        var shown = rows.Take(page.Limit).ToArray();
        var next = rows.Count > shown.Length ? Cursor.Encode(Kind, "", CreatedPosition.Of(shown[^1])) : null;
        var list = new Page<Webhook>(shown.Select(row => Webhook.Of(row)).ToImmutableArray(), next);
        return new PageResult<Webhook>(Tagged.Weak(when, list, list));
    }

    private static async Task<Created<Webhook>> Create(HttpContext context, Caller caller, NewWebhook body, WebhookRegistry registry, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        var (row, secret) = await registry.AddAsync(caller, body, cancel);
        return TypedResults.Created($"{RouteRights.Root}/webhooks/{row.Id}", Webhook.Of(row, secret));
    }

    private static async Task<TaggedResult<Webhook>> Get(Caller caller, string id, Conditions when, WebhookStore store, CancellationToken cancel)
    {
        var webhook = Webhook.Of(await store.GetAsync(caller, id, cancel));
        return new TaggedResult<Webhook>(Tagged.Weak(when, webhook, webhook));
    }

    private static async Task<Ok<Webhook>> Change(Caller caller, string id, WebhookPatch body, WebhookRegistry registry, CancellationToken cancel) =>
        TypedResults.Ok(Webhook.Of(await registry.ChangeAsync(caller, id, body, cancel)));

    private static async Task<NoContent> Remove(Caller caller, string id, WebhookRegistry registry, CancellationToken cancel)
    {
        await registry.RemoveAsync(caller, id, cancel);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<Webhook>> Rotate(HttpContext context, Caller caller, string id, WebhookRegistry registry, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        var (row, secret) = await registry.RotateAsync(caller, id, cancel);
        return TypedResults.Ok(Webhook.Of(row, secret));
    }

    private static async Task<Ok<Webhook>> Pause(Caller caller, string id, WebhookRegistry registry, CancellationToken cancel) =>
        TypedResults.Ok(Webhook.Of(await registry.PauseAsync(caller, id, cancel)));

    private static async Task<Ok<Webhook>> Resume(Caller caller, string id, WebhookRegistry registry, CancellationToken cancel) =>
        TypedResults.Ok(Webhook.Of(await registry.ResumeAsync(caller, id, cancel)));
}
