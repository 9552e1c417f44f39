using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Messages.Sections;
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
        account.MapGet("/messages", ReadManyAsync).Requires(Scope.MailReadBasic).WithName("getMessages").WithSummary("Read messages by id")
            .WithDescription($"At most {GetMessages.MostIds}, in the order of `ids`. Bodies share the room of one answer: `truncated` tells which were cut for it. What cannot be shown is in `missing`. Bodies need the scope mail.read.");
        account.MapGet("/messages/{id}", ReadAsync).Requires(Scope.MailReadBasic).WithName("getMessage").WithSummary("Read a message")
            .WithDescription("Reading never marks as read. Bodies need the scope mail.read.");
        account.MapSection("/messages/{id}/raw", Raw, "getRawMessage", "Download a message as it was sent");
        account.MapSection("/messages/{id}/parts/{part}", Part, "getPart", "Download a part of a message, decoded");
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
        public MessageFilter ToFilter() => new(
            Unseen, Flagged, Flag is { Length: > 0 } ? Flag : null, NotFlag is { Length: > 0 } ? NotFlag : null, From, To, Subject, MessageId, Since, Before, HasAttachments);
    }

    private static async Task<PageResult<Message>> ListAsync(
        string account, string mailbox, [AsParameters] FilterQuery filter, [AsParameters] Paging paging, Fields<Message> fields, AccountRegistry accounts, CancellationToken cancel) =>
        new(await accounts.Grain(account).Execute(new ListMessages(MailboxRef.Parse(mailbox), filter.ToFilter(), paging.Limit, paging.Cursor), cancel), fields);

    private static async Task<Ok<Message>> ReadAsync(string account, string id, [AsParameters] ReadQuery query, Caller caller, AccountRegistry accounts, CancellationToken cancel) =>
        TypedResults.Ok(await accounts.Grain(account).Execute(new GetMessage(id, query.ToOptions(caller)), cancel));

    private static async Task<Ok<MessagesById>> ReadManyAsync(
        string account, string[]? ids, [AsParameters] ReadQuery query, Caller caller, AccountRegistry accounts, CancellationToken cancel)
    {
        ImmutableArray<string> wanted = [.. (ids ?? []).SelectMany(list => list.Split(',')).Where(id => id.Length > 0).Distinct()];
        if (wanted.Length is 0 or > GetMessages.MostIds)
        {
            throw RequestErrors.OfParameter("ids", $"1 to {GetMessages.MostIds} ids of messages are expected, separated by commas.");
        }
        return TypedResults.Ok(MessagesById.Of(await accounts.Grain(account).Execute(new GetMessages(wanted, query.ToOptions(caller)), cancel)));
    }

    private static void MapSection(this RouteGroupBuilder group, string path, Delegate handler, string name, string summary)
    {
        group.MapGet(path, handler).Requires(Scope.MailRead).WithName(name).WithSummary(summary)
            .WithDescription("Streams. Honours Range, If-Range and If-None-Match: the content of an id never changes. The length is told where it is known.");
        group.MapMethods(path, [HttpMethods.Head], handler).Requires(Scope.MailRead).ExcludeFromDescription();
    }

    private static SectionResult Raw(string account, string id, AccountRegistry accounts, SectionLengths lengths, TimeProvider time) =>
        new(accounts.Grain(account), new SectionRef(id, null), lengths, time);

    private static SectionResult Part(string account, string id, string part, AccountRegistry accounts, SectionLengths lengths, TimeProvider time) =>
        new(accounts.Grain(account), new SectionRef(id, part), lengths, time);

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
