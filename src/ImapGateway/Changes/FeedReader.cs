using ImapGateway.Access;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>A page of changes, and the position after the last row that was examined, shown or not.</summary>
/// <param name="Items">The changes. Empty if none matches.</param>
/// <param name="Next">The position at which to continue.</param>
/// <param name="More">True if there may be more at once.</param>
/// <param name="Caller">The caller, with its rights at this moment.</param>
public sealed record FeedPage(IReadOnlyList<LoggedChange> Items, GlobalPosition Next, bool More, Caller Caller)
{
    /// <summary>The part of the items that the reader may see.</summary>
    public ChangeView View { get; } = ChangeViews.Of(Caller);
}

/// <summary>Reads a feed for a caller: only the requested changes, and only what its key may see at this moment.</summary>
/// <param name="account">The account of the feed, or null for all accounts.</param>
/// <param name="mailboxes">The counters of mailbox ids: only changes in one of them are returned, for a move on either side. Null for everything.</param>
public sealed class FeedReader(Feed feed, Credential credential, string? account, ChangeTypeFilter types, IReadOnlySet<ulong>? mailboxes = null)
{
    private const int Batch = 100;

    /// <summary>The number of rows that are examined for one page. So a client that waits for a rare type soon gets a page with its progress.</summary>
    private const int MostExamined = 5000;

    /// <summary>The limit of one page in bytes. Only its last change may exceed it.</summary>
    private const int MostBytes = 1024 * 1024;

    private CancellationToken _unchanged;

    public Feed Feed => feed;

    /// <summary>Returns the next changes after a position, at least one if there is any.</summary>
    /// <exception cref="ProblemException">401, 403 or 404 after the key has lost the right; 410 if changes are no longer kept.</exception>
    public async Task<FeedPage> NextAsync(GlobalPosition after, int limit, CancellationToken cancel)
    {
        _unchanged = credential.Unchanged;
        var caller = await DemandAsync(cancel);
        var items = new List<LoggedChange>();
        var bytes = 0;
        for (var examined = 0; examined < MostExamined && bytes < MostBytes;)
        {
            var rows = await feed.ReadAsync(after, Batch, cancel);
            foreach (var row in rows)
            {
                after = feed.PlaceOf(row);
                if (types.Admits(row.Type) && IsIn(row) && caller.MaySee(row.Account))
                {
                    items.Add(row);
                    bytes += row.Data.Length + (row.Message?.Length ?? 0);
                }
                if (items.Count == limit || bytes >= MostBytes)
                {
                    return Page(more: true);
                }
            }
            examined += rows.Count;
            if (rows.Count < Batch)
            {
                return Page(more: false);
            }
        }
        return Page(more: true);

        FeedPage Page(bool more) => new(items, after, more, caller);
    }

    /// <summary>Waits for a change after a position, as long as the token allows and the rights of the last page cannot have changed.</summary>
    /// <returns>False if the token has ended the wait. Otherwise the next page must be read, which may be empty or refused.</returns>
    public async Task<bool> WaitAsync(GlobalPosition after, CancellationToken until)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(until, _unchanged);
        try
        {
            await feed.WaitAsync(after, either.Token);
            return true;
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return !until.IsCancellationRequested;
        }
    }

    private bool IsIn(LoggedChange change) => mailboxes is null || mailboxes.Contains(change.Mailbox) || mailboxes.Contains(change.FromMailbox);

    private async Task<Caller> DemandAsync(CancellationToken cancel)
    {
        var caller = await credential.CallerAsync(cancel) ?? throw new ProblemException(RouteRights.KeyRequired);
        caller.Demand(Scopes.Any);
        return account is null || caller.MaySee(account) ? caller : throw new ProblemException(RouteRights.NoSuchAccount);
    }
}
