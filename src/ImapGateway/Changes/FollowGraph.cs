using System.Runtime.CompilerServices;
using ImapGateway.Access;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>The GraphQL subscriptions to the feed. Each reader reads at its own pace and keeps a few changes at a time.</summary>
public sealed class FollowGraph : IGraph
{
    private const int Batch = 20;

    /// <summary>The interval at which rights are checked while there is no change.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    private const string After = "`latest`: from now on; `0`: from the oldest change that is kept; or a position: a `feedPosition`, or the `position` of a change. One that cannot be continued is an error with the code `gone`: list again, then follow from the `feedPosition` of that list.";

    private static readonly GraphArgument Types = new("types", "[ChangeType!]", "Only these types; absent: all.");

    public void Build(GraphBuilder graph)
    {
        ChangeGraphTypes.Build(graph);
        graph.Subscription.Stream(
            "changes", "Change!", call => FollowAsync(call, call.Text("account")!), "What changes in an account, without a gap, for as long as it is there.",
            new("account", "ID!", "Its id."), Types, new("mailboxes", "[ID!]", "Only what happens in these, a move on either side; absent: everything."), new("after", "String", After, "latest"));
        graph.Subscription.Stream(
            "allChanges", "Change!", call => FollowAsync(call, null), "What changes in all accounts that the key may see, in one order.",
            Types, new("after", "String", After, "latest"));
    }

    private static async IAsyncEnumerable<StreamedItem> FollowAsync(FieldCall call, string? account, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var feed = account is null ? call.Service<GlobalFeed>() : await OfAccountAsync(call, account, cancel);
        var reader = new FeedReader(feed, call.Context.Credential!, account, TypesOf(call), account is null ? null : await MailboxesOfAsync(call, feed.Incarnation, cancel));
        var place = await feed.FindAsync(call.Context.LastPosition ?? call.Text("after") ?? "latest", cancel);
        while (true)
        {
            var page = await reader.NextAsync(place, Batch, cancel);
            foreach (var row in page.Items)
            {
                var change = FollowedChange.Of(row, feed, page.View);
                yield return new StreamedItem(change, change.Position, page.Caller);
                if (feed.EndsWith(row))
                {
                    yield break;
                }
            }
            place = page.Next;
            if (!page.More)
            {
                using var timeout = new CancellationTokenSource(LongestWait, call.Service<TimeProvider>());
                using var until = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
                await reader.WaitAsync(place, until.Token);
                cancel.ThrowIfCancellationRequested();
            }
        }
    }

    private static async Task<Feed> OfAccountAsync(FieldCall call, string account, CancellationToken cancel) =>
        call.Caller.MaySee(account) && await call.Service<IAccountFeeds>().FindIncarnationAsync(account, cancel) is { } incarnation
            ? new AccountFeed(call.Service<ChangeLog>(), incarnation)
            : throw new ProblemException(RouteRights.NoSuchAccount);

    private static ChangeTypeFilter TypesOf(FieldCall call) =>
        call.Choices<ChangeType>("types") is { } types ? ChangeTypeFilter.Of(types) : ChangeTypeFilter.All;

    private static async Task<HashSet<ulong>?> MailboxesOfAsync(FieldCall call, string incarnation, CancellationToken cancel)
    {
        if (call.Texts("mailboxes") is not { } ids)
        {
            return null;
        }
        var range = await call.Service<ChangeLog>().RangeAsync(incarnation, cancel);
        return [.. ids.Select(id => CounterOf(id, incarnation, range))];
    }

    private static ulong CounterOf(string id, string incarnation, LogRange range) =>
        !ObjectId.TryParse(id, out var parsed) || parsed.Kind != ObjectId.Mailbox ? throw RequestErrors.OfParameter("mailboxes", $"\"{id}\" is no id of a mailbox.")
        : parsed.Incarnation != incarnation || range.IsLost(parsed) ? throw new ProblemException(ErrorCode.Gone, $"The mailbox {id} is of another account, or of a state that is lost.")
        : parsed.Counter;
}
