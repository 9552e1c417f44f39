using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Messages;

public static class MessagesApi
{
    public static void MapMessages(this RouteGroupBuilder v1)
    {
        var account = v1.MapGroup("/accounts/{account}").WithTags("Messages");
        account.MapGet("/mailboxes/{mailbox}/messages", ListAsync).Requires(Scope.MailReadBasic).WithName("listMessages").WithSummary("List the messages of a mailbox, newest first")
            .WithDescription("All filters given must hold. A page may be shorter than `limit`: only one without `nextCursor` is the last.");
        account.MapGet("/messages/{id}", ReadAsync).Requires(Scope.MailReadBasic).WithName("getMessage").WithSummary("Read a message");
        account.MapPatch("/messages/{id}", ChangeAsync).Requires(Scope.MailWrite).WithName("patchMessage").WithSummary("Change flags, or move a message")
            .WithDescription("Flags first, then the move. The id stays the same. `mailboxId` is an id or a role.");
        account.MapDelete("/messages/{id}", DeleteAsync).Requires(Scope.MailWrite).WithName("deleteMessage").WithSummary("Move a message to the trash, or expunge it")
            .WithDescription("`permanent=true` expunges this message and no other.");
    }

    /// <summary>Query parameters of a list; see <see cref="MessageFilter"/>.</summary>
    private sealed record FilterQuery(
        bool? Unseen, bool? Flagged, string[]? Flag, string[]? NotFlag, string? From, string? To, string? Subject, string? MessageId,
        DateTimeOffset? Since, DateTimeOffset? Before, bool? HasAttachments)
    {
        public MessageFilter ToFilter()
        {
            var errors = new RequestErrors();
            Validate(errors, "flag", Flag);
            Validate(errors, "notFlag", NotFlag);
            errors.ThrowIfAny();
            return new(
                Unseen, Flagged, Flag is { Length: > 0 } ? Flag : null, NotFlag is { Length: > 0 } ? NotFlag : null, From, To, Subject, MessageId, Since, Before, HasAttachments);
        }

        private static void Validate(RequestErrors errors, string parameter, string[]? flags)
        {
            foreach (var refusal in (flags ?? []).Select(FlagMapping.Refusal).OfType<string>())
            {
                errors.Parameter(parameter, refusal);
            }
        }
    }

    private static async Task<PageResult<Message>> ListAsync(
        string account, string mailbox, [AsParameters] FilterQuery filter, [AsParameters] Paging paging, Fields<Message> fields, AccountRegistry accounts, CancellationToken cancel) =>
        new(await accounts.Grain(account).Execute(new ListMessages(MailboxRef.Parse(mailbox), filter.ToFilter(), paging.Limit, paging.Cursor), cancel), fields);

    private static async Task<Ok<Message>> ReadAsync(string account, string id, AccountRegistry accounts, CancellationToken cancel) =>
        TypedResults.Ok(await accounts.Grain(account).Execute(new GetMessage(id), cancel));

    private static async Task<Ok<Message>> ChangeAsync(string account, string id, MessagePatch patch, AccountRegistry accounts, CancellationToken cancel)
    {
        patch.Validate();
        var grain = accounts.Grain(account);
        var changed = patch.Flags is { } flags ? await grain.Execute(flags.ToCommand(id), cancel) : null;
        if (patch.MailboxId is { } mailbox)
        {
            try
            {
                changed = await grain.Execute(new MoveMessage(id, MailboxRef.Parse(mailbox)), cancel);
            }
            catch (ProblemException e) when (changed is not null)
            {
                throw new ProblemException(e.Problem with { Detail = $"{e.Problem.Detail} The flags were stored, the message was not moved." });
            }
        }
        return TypedResults.Ok(changed!);
    }

    private static async Task<NoContent> DeleteAsync(string account, string id, AccountRegistry accounts, CancellationToken cancel, bool permanent = false)
    {
        await accounts.Grain(account).Execute(new DeleteMessage(id, permanent), cancel);
        return TypedResults.NoContent();
    }
}

/// <summary>What to change of a message.</summary>
/// <param name="MailboxId">An id or a role: where the message is to go.</param>
public sealed record MessagePatch(FlagsPatch? Flags = null, string? MailboxId = null)
{
    public void Validate()
    {
        var errors = new RequestErrors();
        if (Flags is null && MailboxId is null)
        {
            errors.Member("", "Give flags, mailboxId, or both.");
        }
        Flags?.Validate(errors);
        errors.ThrowIfAny();
    }
}

/// <summary>Names as in <see cref="Mail.Flags"/>.</summary>
/// <param name="Set">Exactly these; not together with the others.</param>
public sealed record FlagsPatch(ImmutableArray<string>? Add = null, ImmutableArray<string>? Remove = null, ImmutableArray<string>? Set = null)
{
    public void Validate(RequestErrors errors)
    {
        if (Set is not null ? Add is not null || Remove is not null : Add is null && Remove is null)
        {
            errors.Member("/flags", "Give add, remove or both, or set alone.");
        }
        foreach (var (member, names) in new[] { ("add", Add), ("remove", Remove), ("set", Set) })
        {
            for (var i = 0; i < (names?.Length ?? 0); i++)
            {
                if (FlagMapping.Refusal(names!.Value[i]) is { } refusal)
                {
                    errors.Member($"/flags/{member}/{i}", refusal);
                }
            }
        }
        if ((Add ?? []).Intersect(Remove ?? [], StringComparer.OrdinalIgnoreCase).Any())
        {
            errors.Member("/flags", "A flag cannot be added and removed at once.");
        }
    }

    public StoreFlags ToCommand(string id) => new(id, Add ?? [], Remove ?? [], Set ?? default);
}
