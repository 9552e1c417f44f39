using System.ComponentModel.DataAnnotations;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;

namespace ImapGateway.Changes;

public static class ChangesApi
{
    private const int MostSeconds = 60;

    public static void MapChanges(this RouteGroupBuilder v1)
    {
        var feeds = v1.MapGroup("").Requires(Scopes.Any).WithTag("Changes", "What has become of accounts, mailboxes and messages: a durable feed, read or followed.")
            .WithPathParameter("account", "The id of the account.", "acc_k3v7q2mzp4x6a");
        feeds.MapGet("/accounts/{account}/changes", ListAsync).WithName("listAccountChanges").WithSummary("Read what has changed in an account")
            .WithDescription($"Oldest first. A page may be shorter than `limit`, and empty. {Loss}").CanFail(ErrorCode.Gone);
        feeds.MapGet("/changes", ListAllAsync).WithName("listChanges").WithSummary("Read what has changed in all accounts")
            .WithDescription($"Of all that the key may see, those that are removed included, in one order. A page may be shorter than `limit`, and empty. {Loss}").CanFail(ErrorCode.Gone);
        feeds.MapGet("/accounts/{account}/events", StreamAsync).TakesTicket().WithName("streamAccountChanges").WithSummary("Follow what changes in an account")
            .WithDescription($"Server-sent events, each with a position as its id and a change as its data. {LossOfStream}");
        feeds.MapGet("/events", StreamAllAsync).TakesTicket().WithName("streamChanges").WithSummary("Follow what changes in all accounts")
            .WithDescription($"Server-sent events of all accounts that the key may see, each with a position as its id and a change as its data. {LossOfStream}");
    }

    private const string Loss = "410 where the position is older than what is kept, or of a state that is lost: list again, then follow from the `feedPosition` of that list.";

    private const string LossOfStream =
        "Where the position cannot be continued, an event `reset` says so and the stream goes on from now: list again. It ends when the key loses the right; heartbeats are comments.";

    /// <param name="After">The position to start from. `0`: from the oldest change that is kept; `latest`: from now on; or a position: `nextAfter`, a `feedPosition`, the id of an event.</param>
    /// <param name="Limit">The largest number of changes to return.</param>
    /// <param name="Types" example="message.*,account.removed">The types of changes to return, separated by commas; `message.*` for all of a kind.</param>
    /// <param name="Wait">The number of seconds to wait for a change if there is none yet.</param>
    private sealed record ListQuery(
        string After = "0", [Range(1, Paging.MaxLimit)] int Limit = Paging.DefaultLimit, string? Types = null, [Range(0, MostSeconds)] int Wait = 0);

    /// <param name="After">The position to start from, as for the list of changes. The default is `latest`.</param>
    /// <param name="Types" example="message.*,account.removed">The types of changes to send, separated by commas; `message.*` for all of a kind.</param>
    private sealed record StreamQuery(string After = "latest", string? Types = null);

    private static async Task<ChangePageResult> ListAsync(
        string account, [AsParameters] ListQuery query, Credential credential, ChangeLog log, IAccountFeeds accounts, LongPoll polls, CancellationToken cancel) =>
        await polls.RunAsync(new FeedReader(await OfAccountAsync(account, log, accounts, cancel), credential, account, Filter(query.Types)), query.After, query.Limit, TimeSpan.FromSeconds(query.Wait), cancel);

    private static Task<ChangePageResult> ListAllAsync([AsParameters] ListQuery query, Credential credential, GlobalFeed feed, LongPoll polls, CancellationToken cancel) =>
        polls.RunAsync(new FeedReader(feed, credential, null, Filter(query.Types)), query.After, query.Limit, TimeSpan.FromSeconds(query.Wait), cancel);

    private static async Task<EventStream> StreamAsync(
        string account, [AsParameters] StreamQuery query, Credential credential, ChangeLog log, IAccountFeeds accounts, IHostApplicationLifetime lifetime, TimeProvider time, CancellationToken cancel) =>
        new(new FeedReader(await OfAccountAsync(account, log, accounts, cancel), credential, account, Filter(query.Types)), query.After, lifetime, time);

    private static EventStream StreamAllAsync([AsParameters] StreamQuery query, Credential credential, GlobalFeed feed, IHostApplicationLifetime lifetime, TimeProvider time) =>
        new(new FeedReader(feed, credential, null, Filter(query.Types)), query.After, lifetime, time);

    private static async Task<AccountFeed> OfAccountAsync(string account, ChangeLog log, IAccountFeeds accounts, CancellationToken cancel) =>
        new(log, await accounts.FindIncarnationAsync(account, cancel) ?? throw new ProblemException(RouteRights.NoSuchAccount));

    private static ChangeTypeFilter Filter(string? types)
    {
        if (types is null)
        {
            return ChangeTypeFilter.All;
        }
        return ChangeTypeFilter.Parse(types.Split(','), out var unknown)
            ?? throw RequestErrors.OfParameter("types", $"\"{unknown}\" is none of {string.Join(", ", ChangeTypes.Names)}, nor a kind of them such as message.*.");
    }
}
