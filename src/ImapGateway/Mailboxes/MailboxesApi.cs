using System.ComponentModel.DataAnnotations;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using ImapGateway.Sync;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Mailboxes;

public static class MailboxesApi
{
    public static void MapMailboxes(this RouteGroupBuilder v1)
    {
        var mailboxes = v1.MapGroup("/accounts/{account}/mailboxes").WithTag("Mailboxes", "The mailboxes of an account and their counters.")
            .WithPathParameter("account", "The id of the account.", "acc_k3v7q2mzp4x6a")
            .WithPathParameter("mailbox", "The id of the mailbox, or its role.", "inbox");
        mailboxes.MapGet("", ListAsync).Requires(Scope.MailReadBasic).WithName("listMailboxes").WithSummary("List mailboxes with their counters")
            .WithDescription("By path, the account's own and those that others share with it. `path=` gives the one at that path, or none. A page may be shorter than `limit`: only one without `nextCursor` is the last.")
            .ShowsMail();
        mailboxes.MapPost("", CreateAsync).Requires(Scope.MailWrite).Idempotent().WithName("createMailbox").WithSummary("Create a mailbox")
            .WithDescription("At `path`, with the server's delimiter, or by `name`, below `parentId` if it is given. Levels that are missing above it are created. 409 where there is one already.")
            .ChangesMailServer().CanFail(ErrorCode.AccountMailboxLimit);
        mailboxes.MapGet("/{mailbox}", ReadAsync).Requires(Scope.MailReadBasic).WithName("getMailbox").WithSummary("Read a mailbox")
            .WithDescription("`{mailbox}` is an id or a role. `myRights` are the letters of RFC 4314, where the server has ACL.")
            .ShowsMail().CanFail(ErrorCode.Gone);
        mailboxes.MapPatch("/{mailbox}", ChangeAsync).Requires(Scope.MailWrite).TakesIfMatch().WithName("patchMailbox").WithSummary("Rename, move, subscribe or unsubscribe a mailbox")
            .WithDescription("`path`, or `name` and `parentId` (null: to the top). The ids of the mailbox, of its messages and of all below it stay the same. 409 where the path is taken, 422 for the inbox.")
            .ChangesMailServer().CanFail(ErrorCode.Gone);
        mailboxes.MapDelete("/{mailbox}", DeleteAsync).Requires(Scope.MailWrite).TakesIfMatch().WithName("deleteMailbox").WithSummary("Delete a mailbox")
            .WithDescription("409 while there are messages in it, unless `force=true` deletes them with it; 409 in any case while there are mailboxes below it; 422 for the inbox.")
            .ChangesMailServer().CanFail(ErrorCode.Gone);
    }

    /// <summary>The query parameters of the list.</summary>
    /// <param name="Path" example="Projects/2026">The path of the only mailbox to list.</param>
    /// <param name="Limit">The largest number of mailboxes on a page.</param>
    /// <param name="Cursor" example="Q1JN2kzqvEF7IkJlbG93Ijo0NzExfQ">`nextCursor` of the previous page, with the same `path`. Without it the first page is returned.</param>
    private sealed record ListQuery(string? Path = null, [Range(1, Paging.MaxLimit)] int Limit = ListMailboxes.DefaultLimit, string? Cursor = null);

    private static async Task<PageResult<Mailbox>> ListAsync(string account, [AsParameters] ListQuery query, AccountRegistry accounts, Fields<Mailbox> fields, Conditions when, CancellationToken cancel) =>
        new((await accounts.Grain(account).Execute(new ListMailboxes(query.Limit, query.Cursor) { Path = query.Path, When = when }, cancel)).With(page => page.ToPage()), fields);

    private static async Task<Created<Mailbox>> CreateAsync(string account, MailboxInput input, AccountRegistry accounts, CancellationToken cancel)
    {
        var created = await accounts.Grain(account).Execute(input.ToCommand(), cancel);
        return TypedResults.Created($"/v1/accounts/{account}/mailboxes/{created.Id}", created);
    }

    private static async Task<TaggedResult<Mailbox>> ReadAsync(string account, string mailbox, Conditions when, AccountRegistry accounts, CancellationToken cancel) =>
        new(await accounts.Grain(account).Execute(new ReadMailbox(MailboxRef.Parse(mailbox)) { When = when }, cancel));

    private static async Task<TaggedResult<Mailbox>> ChangeAsync(string account, string mailbox, MailboxPatch patch, Conditions when, AccountRegistry accounts, CancellationToken cancel) =>
        new(await accounts.Grain(account).Execute(patch.ToCommand(mailbox) with { When = when }, cancel));

    /// <param name="force">True: the mailbox is deleted even if it has messages.</param>
    private static async Task<NoContent> DeleteAsync(string account, string mailbox, Conditions when, AccountRegistry accounts, CancellationToken cancel, bool force = false)
    {
        await accounts.Grain(account).Execute(new DeleteMailbox(MailboxRef.Parse(mailbox), force) { When = when }, cancel);
        return TypedResults.NoContent();
    }
}
