using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;
using ImapGateway.Messages.Sections;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using ImapGateway.Sync;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Messages;

public static class MessagesApi
{
    public static void MapMessages(this RouteGroupBuilder v1)
    {
        var account = v1.MapGroup("/accounts/{account}").WithTag("Messages", "List, read, flag, move and delete messages.")
            .WithPathParameter("account", "The id of the account.", "acc_k3v7q2mzp4x6a")
            .WithPathParameter("mailbox", "The id of the mailbox, or its role.", "inbox")
            .WithPathParameter("id", "The id of the message.", "m_kq3zvw5xbe")
            .WithPathParameter("part", "The IMAP section number of a part without parts of its own, as `attachments` tells it.", "2");
        account.MapGet("/mailboxes/{mailbox}/messages", ListAsync).Requires(Scope.MailReadBasic).WithName("listMessages").WithSummary("List the messages of a mailbox, newest first")
            .WithDescription("All filters given must hold. A page may be shorter than `limit`: only one without `nextCursor` is the last.")
            .ShowsMail().CanFail(ErrorCode.Gone, ErrorCode.Unprocessable);
        account.MapGet("/messages", ReadManyAsync).Requires(Scope.MailReadBasic).WithName("getMessages").WithSummary("Read messages by id")
            .WithDescription($"At most {GetMessages.MostIds}, in the order of `ids`. Bodies share the room of one answer: `truncated` tells which were cut for it. What cannot be shown is in `missing`. Bodies need the scope mail.read.")
            .ShowsMail();
        account.MapGet("/messages/{id}", ReadAsync).Requires(Scope.MailReadBasic).WithName("getMessage").WithSummary("Read a message")
            .WithDescription(
                "Reading never marks as read. Bodies need the scope mail.read. Show HTML in a frame (`html=document`, or `/messages/{id}/html` as its `src`), or put the element of `html=safe` into the page. "
                + "A page that does so needs `style-src 'unsafe-inline'` in its Content-Security-Policy.")
            .ShowsMail().CanFail(ErrorCode.Gone);
        account.MapGet("/messages/{id}/html", HtmlAsync).Requires(Scope.MailRead).TakesTicket().WithName("getMessageHtml").WithSummary("Show the HTML of a message as a page")
            .WithDescription(
                "For the `src` attribute of an iframe, with a `ticket`, because frames send no key. The page loads nothing but pictures and runs no scripts; its policy is sent as a header. "
                + "Use `sandbox=\"allow-popups allow-popups-to-escape-sandbox\"` for the frame, too. The pictures of the message itself are loaded with the same ticket. "
                + $"HTML of more than {ReadOptions.MostBodyBytes} octets is cut. 404 where the message has no HTML.")
            .AnswersPage().ShowsMail().CanFail(ErrorCode.Gone);
        account.MapSection("/messages/{id}/raw", Raw, "RawMessage", "a message as it was sent", "message/rfc822");
        account.MapSection("/messages/{id}/parts/{part}", Part, "Part", "a part of a message, decoded", "*/*");
        account.MapPatch("/messages/{id}", ChangeAsync).Requires(Scope.MailWrite).TakesIfMatch().WithName("patchMessage").WithSummary("Change flags, or move a message")
            .WithDescription("Flags first, then the move. The id stays the same. `mailboxId` is an id or a role.")
            .ChangesMailServer().CanFail(ErrorCode.Gone);
        account.MapDelete("/messages/{id}", DeleteAsync).Requires(Scope.MailWrite).TakesIfMatch().WithName("deleteMessage").WithSummary("Move a message to the trash, or expunge it")
            .WithDescription("`permanent=true` expunges this message and no other.")
            .ChangesMailServer().CanFail(ErrorCode.Gone);
    }

    /// <summary>The query parameters of a list; see <see cref="MessageFilter"/>.</summary>
    /// <param name="Unseen" example="true">True for messages without `$seen`, false for those with it.</param>
    /// <param name="Flagged" example="true">True for messages with `$flagged`, false for those without it.</param>
    /// <param name="Flag">A flag or keyword that the message has. If it is given more than once, the message has each of them.</param>
    /// <param name="NotFlag">A flag or keyword that the message does not have. If it is given more than once, the message has none of them.</param>
    /// <param name="From" example="anna@example.org">A text that a sender's name or address contains, without regard to case.</param>
    /// <param name="To" example="team@example.com">A text that a recipient's name or address contains, without regard to case.</param>
    /// <param name="Subject" example="offer">A text that the subject contains, without regard to case.</param>
    /// <param name="MessageId" example="cafe.1@example.org">The Message-ID header, with or without angle brackets.</param>
    /// <param name="Since" example="2026-05-01T00:00:00Z">The time from which the message was received; a date alone is its midnight in UTC.</param>
    /// <param name="Before" example="2026-06-01T00:00:00Z">The time before which the message was received; a date alone is its midnight in UTC.</param>
    /// <param name="HasAttachments" example="true">True for messages with attachments, false for those without. Pages can be short then, since the number of messages that are examined for one page is
    /// limited.</param>
    private sealed record FilterQuery(
        bool? Unseen, bool? Flagged, string[]? Flag, string[]? NotFlag, string? From, string? To, string? Subject, string? MessageId,
        DateTimeOffset? Since, DateTimeOffset? Before, bool? HasAttachments)
    {
        public MessageFilter ToFilter() => new(
            Unseen, Flagged, Flag is { Length: > 0 } ? Flag : null, NotFlag is { Length: > 0 } ? NotFlag : null, From, To, Subject, MessageId, Since, Before, HasAttachments);
    }

    private static async Task<PageResult<Message>> ListAsync(
        string account, string mailbox, [AsParameters] FilterQuery filter, [AsParameters] Paging paging, Fields<Message> fields, Caller caller, Conditions when, AccountRegistry accounts, CancellationToken cancel) =>
        new((await accounts.Grain(account).Execute(new ListMessages(MailboxRef.Parse(mailbox), filter.ToFilter(), paging.Limit, paging.Cursor) { When = when }, cancel)).With(page => Visible.To(caller, page.ToPage())), fields);

    private static async Task<TaggedResult<Message>> ReadAsync(
        string account, string id, [AsParameters] ReadQuery query, Caller caller, Conditions when, AccountRegistry accounts, CancellationToken cancel) =>
        new((await accounts.Grain(account).Execute(new GetMessage(id, query.ToOptions(caller)) { When = when }, cancel)).With(message => Visible.To(caller, message)));

    /// <param name="ids" example="[&quot;m_kq3zvw5xbe&quot;]">Message ids, separated by commas, or given more than once.</param>
    private static async Task<TaggedResult<MessagesById>> ReadManyAsync(
        string account, string[] ids, [AsParameters] ReadQuery query, Caller caller, Conditions when, AccountRegistry accounts, CancellationToken cancel)
    {
        ImmutableArray<string> wanted = [.. ids.SelectMany(list => list.Split(',')).Where(id => id.Length > 0).Distinct()];
        if (wanted.Length is 0 or > GetMessages.MostIds)
        {
            throw RequestErrors.OfParameter("ids", $"1 to {GetMessages.MostIds} ids of messages are expected, separated by commas.");
        }
        var found = await accounts.Grain(account).Execute(new GetMessages(wanted, query.ToOptions(caller)) { When = when }, cancel);
        return new TaggedResult<MessagesById>(found.With(set => MessagesById.Of(Visible.To(caller, set))));
    }

    private static void MapSection(this RouteGroupBuilder group, string path, Delegate handler, string name, string what, string mediaType)
    {
        group.MapGet(path, handler).Requires(Scope.MailRead).TakesTicket().EndsWithKey().WithName("get" + name).WithSummary("Download " + what)
            .WithDescription("Streams. The content of an id never changes. The length is told where it is known. The connection is aborted when the key loses the right to the message.")
            .AnswersOctets(mediaType).ShowsMail().CanFail(ErrorCode.Gone, ErrorCode.PreconditionFailed);
        group.MapMethods(path, [HttpMethods.Head], handler).Requires(Scope.MailRead).TakesTicket().WithName("head" + name).WithSummary("Look at " + what)
            .WithDescription("What GET would answer, without the octets.")
            .AnswersOctets(mediaType).ShowsMail().CanFail(ErrorCode.Gone, ErrorCode.PreconditionFailed);
    }

    /// <param name="images" example="blocked">Pictures of other hosts: `blocked` (the default): they are not loaded; `remote`: they are loaded, and the sender can see that.</param>
    private static async Task<HtmlResult> HtmlAsync(
        string account, string id, HttpRequest request, Access.Credential credential, Conditions when, AccountRegistry accounts, CancellationToken cancel, string? images = null)
    {
        if (images is not (null or "blocked" or "remote"))
        {
            throw RequestErrors.OfParameter("images", "blocked or remote is expected.");
        }
        var form = new HtmlForm(HtmlMode.Document, images == "remote", credential.Ticket is null ? null : request.Query[TakesTicket.Parameter].ToString()) { HasAddress = true };
        var answer = await accounts.Grain(account).Execute(new GetMessage(id, new ReadOptions(false, true, form, ReadOptions.MostBodyBytes, default)) { When = when }, cancel);
        return answer.Value is { Body.Html: null } ? throw new ProblemException(ErrorCode.NotFound, "The message has no HTML. Its text is in body=text of the message.") : new HtmlResult(answer, form);
    }

    private static SectionResult Raw(string account, string id, Conditions when, AccountRegistry accounts, SectionLengths lengths, TimeProvider time) =>
        new(accounts.Grain(account), new SectionRef(id, null), when.Freshness, lengths, time);

    private static SectionResult Part(string account, string id, string part, Conditions when, AccountRegistry accounts, SectionLengths lengths, TimeProvider time) =>
        new(accounts.Grain(account), new SectionRef(id, part), when.Freshness, lengths, time);

    private static async Task<TaggedResult<Message>> ChangeAsync(string account, string id, MessagePatch patch, Caller caller, Conditions when, AccountRegistry accounts, CancellationToken cancel)
    {
        var changed = await patch.RunAsync(accounts.Grain(account), id, when, cancel);
        return new TaggedResult<Message>(changed.With(message => Visible.To(caller, message)));
    }

    /// <param name="permanent">True: the message is expunged, not moved to the trash.</param>
    private static async Task<NoContent> DeleteAsync(string account, string id, Conditions when, AccountRegistry accounts, CancellationToken cancel, bool permanent = false)
    {
        await accounts.Grain(account).Execute(new DeleteMessage(id, permanent) { When = when }, cancel);
        return TypedResults.NoContent();
    }
}

/// <summary>The changes to a message.</summary>
/// <param name="Flags" example="{&quot;add&quot;: [&quot;$seen&quot;, &quot;$flagged&quot;], &quot;remove&quot;: [&quot;$junk&quot;]}">Flags to change.</param>
/// <param name="MailboxId" example="archive">An id or a role of the mailbox that the message is moved to.</param>
public sealed record MessagePatch(FlagsPatch? Flags = null, string? MailboxId = null)
{
    /// <summary>Stores the flags first, then moves the message. If the move fails, the problem says that the flags were stored.</summary>
    public async Task<Tagged<Message>> RunAsync(IAccountGrain account, string id, Conditions when, CancellationToken cancel)
    {
        Validate();
        var changed = Flags is { } flags ? await account.Execute(flags.ToCommand(id) with { When = when }, cancel) : null;
        if (MailboxId is not { } mailbox)
        {
            return changed!;
        }
        try
        {
            // The condition held when the flags were stored. It does not hold any more, because they were stored.
            var still = changed is null ? when : when with { IfMatch = null, IfNoneMatch = null };
            return await account.Execute(new MoveMessage(id, MailboxRef.Parse(mailbox)) { When = still }, cancel);
        }
        catch (ProblemException e) when (changed is not null)
        {
            throw new ProblemException(e.Problem with { Detail = $"{e.Problem.Detail} The flags were stored, the message was not moved." });
        }
    }

    private void Validate()
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

/// <summary>Changes of the flags `$seen $answered $flagged $draft $deleted`, and of keywords that the server accepts.</summary>
/// <param name="Add">Flags to add.</param>
/// <param name="Remove">Flags to remove.</param>
/// <param name="Set">The flags that the message has afterwards; not together with the others.</param>
public sealed record FlagsPatch(ImmutableArray<string>? Add = null, ImmutableArray<string>? Remove = null, ImmutableArray<string>? Set = null)
{
    public void Validate(RequestErrors errors)
    {
        if (Set is not null ? Add is not null || Remove is not null : Add is null && Remove is null)
        {
            errors.Member("/flags", "Give add, remove or both, or set alone.");
        }
        foreach (var (member, names, refusalOf) in new (string, ImmutableArray<string>?, Func<string?, string?>)[] { ("add", Add, FlagMapping.Mistake), ("remove", Remove, FlagMapping.Refusal), ("set", Set, FlagMapping.Mistake) })
        {
            for (var i = 0; i < (names?.Length ?? 0); i++)
            {
                if (refusalOf(names!.Value[i]) is { } refusal)
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
