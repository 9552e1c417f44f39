using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Accounts;

public static class AccountsApi
{
    private const string CursorKind = "accounts";
    private const string MetadataPrefix = "metadata.";

    public static void MapAccounts(this RouteGroupBuilder v1)
    {
        var accounts = v1.MapGroup("/accounts").WithTag("Accounts", "Mail accounts: where their server is and how to log in.")
            .WithPathParameter("account", "The id of the account.", "acc_k3v7q2mzp4x6a");
        accounts.MapPost("", AddAsync).Requires(Scope.Accounts).Idempotent().WithName("createAccount").WithSummary("Add an account")
            .WithDescription("Logs in first, to IMAP and, where it is given, to SMTP; nothing is saved unless that works. `verify=false` skips it.")
            .AsksMailServer().CanFail(ErrorCode.Unprocessable);
        accounts.MapGet("", ListAsync).Requires(Scope.Accounts | Scope.MailReadBasic).TakesQueryPrefix(MetadataPrefix).WithETag().WithName("listAccounts").WithSummary("List accounts")
            .WithDescription("In the order of their ids. `email=` and `metadata.KEY=` find those that have exactly this value. 410 for a cursor that belongs to a state that is lost.").CanFail(ErrorCode.Gone);
        accounts.MapPost("/verify", VerifyAsync).Requires(Scope.Accounts).WithName("verifyAccount").WithSummary("Try settings without saving them")
            .WithDescription("200 whether the logins work or not: the body tells for each server, with the server's words and what to do.");
        accounts.MapGet("/{account}", ReadAsync).Requires(Scope.Accounts | Scope.MailReadBasic).WithETag().WithName("getAccount").WithSummary("Read an account");
        accounts.MapPut("/{account}", PutAsync).Requires(Scope.Accounts).TakesIfMatch().WithName("putAccount").WithSummary("Add or replace an account")
            .WithDescription("201 where it is new, 200 where it was there. A new host, port, security, user name or certificate rule needs the credential along.")
            .AsksMailServer().CanFail(ErrorCode.Conflict, ErrorCode.Unprocessable);
        accounts.MapPatch("/{account}", ChangeAsync).Requires(Scope.Accounts).TakesIfMatch().WithName("patchAccount").WithSummary("Change an account")
            .WithDescription("A JSON merge patch (RFC 7396). New credentials are tried first and connections are made anew; `verify=false` skips the trial.")
            .AsksMailServer().CanFail(ErrorCode.Conflict);
        accounts.MapPost("/{account}/pause", PauseAsync).Requires(Scope.Accounts).WithName("pauseAccount").WithSummary("Stop watching an account")
            .WithDescription("Its mail can still be read and changed; changes of others are not looked for until it is resumed, not even after a restart.").CanFail(ErrorCode.AccountDamaged);
        accounts.MapPost("/{account}/resume", ResumeAsync).Requires(Scope.Accounts).WithName("resumeAccount").WithSummary("Watch an account again")
            .WithDescription("What has happened meanwhile is found and reported. An account that is `unavailable` with `account.suspected` is tried again; any other that is not paused stays as it is.").CanFail(ErrorCode.AccountDamaged);
        accounts.MapDelete("/{account}", RemoveAsync).Requires(Scope.Accounts).TakesIfMatch().WithName("deleteAccount").WithSummary("Remove an account")
            .WithDescription("Its secrets are erased before the answer; its rows follow in the background. Nothing changes on the mail server.");
    }

    /// <param name="verify">False: the account is saved without a login.</param>
    private static async Task<Created<Account>> AddAsync(AccountInput input, Caller caller, AccountRegistry registry, CancellationToken cancel, bool verify = true)
    {
        DemandAllAccounts(caller);
        var account = await registry.AddAsync(input.Id, input.Validate(needsCredential: true), verify, cancel);
        return TypedResults.Created($"/v1/accounts/{account.Id}", account);
    }

    private sealed record Position(string After, string Feed);

    /// <param name="email" example="ann@example.com">The exact e-mail address.</param>
    private static async Task<PageResult<Account>> ListAsync(
        [AsParameters] Paging paging, HttpContext context, Caller caller, Conditions when, AccountStore store, GlobalFeed feed, CancellationToken cancel, string? email = null)
    {
        var metadata = context.Request.Query
            .Where(pair => pair.Key.StartsWith(MetadataPrefix, StringComparison.Ordinal))
            .ToImmutableSortedDictionary(pair => pair.Key[MetadataPrefix.Length..], pair => pair.Value.ToString(), StringComparer.Ordinal);
        var filter = $"{email}\n{string.Join('\n', metadata)}";
        var from = Cursor.Decode<Position>(CursorKind, filter, paging.Cursor);
        // The position is read before the rows: changes during the read come again in the feed.
        var position = await feed.PositionOfListAsync(from?.Feed, cancel);
        var rows = await store.ListAsync(email, metadata, caller.Accounts, from?.After, paging.Limit + 1, cancel);
        var items = rows.Take(paging.Limit).Select(row => row.ToAccount()).ToImmutableArray();
        var hasMore = rows.Count > paging.Limit;
        var page = new Page<Account>(items, hasMore ? Cursor.Encode(CursorKind, filter, new Position(items[^1].Id, position)) : null, position);
        // Feed positions belong to the response that they were sent in: changes of mail do not change a list of accounts.
        return new PageResult<Account>(Tagged.Weak(when, page, new { Items = items.Select(account => account with { FeedPosition = "" }), hasMore }));
    }

    private static async Task<Ok<Verification>> VerifyAsync(AccountInput input, AccountVerifier verifier, CancellationToken cancel)
    {
        var settings = input.Validate(needsCredential: true);
        return TypedResults.Ok(await verifier.RunAsync(settings.Imap, settings.Smtp, cancel));
    }

    private static async Task<TaggedResult<Account>> ReadAsync(string account, Conditions when, AccountRegistry registry) => Result(when, await registry.Grain(account).Read());

    private static TaggedResult<Account> Result(Conditions when, Account account) => new(Tagged.Strong(when, account, account.Settings()));

    /// <param name="verify">False: the account is saved without a login.</param>
    private static async Task<Results<TaggedResult<Account>, Created<Account>>> PutAsync(
        string account, AccountInput input, Caller caller, Conditions when, AccountRegistry registry, AccountStore store, CancellationToken cancel, bool verify = true)
    {
        if (!AccountId.IsValid(account))
        {
            throw AccountStore.NotFound();
        }
        if (input.Id is not null && input.Id != account)
        {
            throw new ProblemException(new Problem(ErrorCode.BadRequest, "The body names another account than the address.", [new ProblemError("Leave it out, or repeat the id of the address.", "/id")]));
        }
        if (await store.FindAsync(account, cancel) is not { } before)
        {
            DemandAllAccounts(caller);
            when.Demand(null);
            var added = await registry.AddAsync(account, input.Validate(needsCredential: true), verify, cancel);
            return TypedResults.Created($"/v1/accounts/{added.Id}", added);
        }
        return Result(when.Afterwards, await registry.ChangeAsync(account, input.Validate(needsCredential: false, before.ToAccount()), verify, when, cancel));
    }

    /// <param name="verify">False: new credentials are saved without a login.</param>
    private static async Task<TaggedResult<Account>> ChangeAsync(string account, AccountPatch patch, Conditions when, AccountRegistry registry, AccountStore store, CancellationToken cancel, bool verify = true)
    {
        var before = (await store.FindAsync(account, cancel) ?? throw AccountStore.NotFound()).ToAccount();
        var settings = patch.ApplyTo(before).Validate(needsCredential: false, before);
        return Result(when.Afterwards, await registry.ChangeAsync(account, settings, verify, when, cancel));
    }

    private static async Task<Ok<Account>> PauseAsync(string account, AccountRegistry registry, CancellationToken cancel) => TypedResults.Ok(await registry.PauseAsync(account, cancel));

    private static async Task<Ok<Account>> ResumeAsync(string account, AccountRegistry registry, CancellationToken cancel) => TypedResults.Ok(await registry.ResumeAsync(account, cancel));

    private static async Task<NoContent> RemoveAsync(string account, Conditions when, AccountRegistry registry, CancellationToken cancel)
    {
        await registry.RemoveAsync(account, when, cancel);
        return TypedResults.NoContent();
    }

    /// <exception cref="ProblemException">403 for keys that are limited to accounts.</exception>
    public static void DemandAllAccounts(Caller caller)
    {
        if (caller.Accounts is not null)
        {
            throw new ProblemException(ErrorCode.Forbidden, "A key that is limited to accounts cannot add any.");
        }
    }
}
