using ImapGateway.Access;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>Some changes and the place behind the last row that was looked at, shown or not.</summary>
/// <param name="Items">None where nothing suits.</param>
/// <param name="Next">Where to go on.</param>
/// <param name="More">Whether there may be more at once.</param>
/// <param name="Caller">With the rights of this moment.</param>
public sealed record FeedPage(IReadOnlyList<LoggedChange> Items, GlobalPosition Next, bool More, Caller Caller)
{
    /// <summary>What the reader may see of the items.</summary>
    public ChangeView View { get; } = ChangeViews.Of(Caller);
}

/// <summary>Reads a feed for somebody: only what they asked for, only what their key may see at this moment.</summary>
/// <param name="account">The account whose feed it is; null: all.</param>
/// <param name="mailboxes">Counters of their ids: only what happened in one of them, a move on either side; null: everything.</param>
public sealed class FeedReader(Feed feed, Credential credential, string? account, ChangeTypeFilter types, IReadOnlySet<ulong>? mailboxes = null)
{
    private const int Batch = 100;

    /// <summary>Rows looked at for one page, so that a rare type does not keep anybody waiting for a page that shows how far it is.</summary>
    private const int MostExamined = 5000;

    /// <summary>Of one page, however large its changes are.</summary>
    private const int MostBytes = 1024 * 1024;

    private CancellationToken _unchanged;

    public Feed Feed => feed;

    /// <summary>The next changes after a place; at least one where there is one.</summary>
    /// <exception cref="ProblemException">401, 403 or 404 once the key has lost the right; 410 where changes are kept no longer.</exception>
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

    /// <summary>Waits for something after a place, for as long as the token allows and the rights that the last page was read with cannot have changed.</summary>
    /// <returns>False if the token has ended the wait; otherwise the next page is to be read, which may be empty or refused.</returns>
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
