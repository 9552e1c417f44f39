using System.Globalization;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>Stores replays: second cursors that begin in the past and end where the log ends now.</summary>
public sealed class ReplayStore(IDatabase database, ChangeLog log, AccountStore accounts)
{
    /// <exception cref="ProblemException">400 if the value is no position of this account, 410 if the position is lost, 409 if a replay of this account is already running.</exception>
    public async Task<Replay> AddAsync(WebhookEntity webhook, Caller owner, NewReplay input, CancellationToken cancel)
    {
        var account = await FindAsync(webhook, owner, input.Account, cancel);
        var range = await log.RangeAsync(account.Incarnation, cancel);
        var after = Parse(input.After, account.Incarnation, range);
        var from = (after + 1).ToString(CultureInfo.InvariantCulture);
        var through = range.Head.ToString(CultureInfo.InvariantCulture);
        if (after < range.Head)
        {
            await database.WriteAsync((db, token) => AddAsync(db, new LaneEntity { Webhook = webhook.Id, Incarnation = account.Incarnation, Account = account.Id, Cursor = after, End = range.Head }, token), cancel);
        }
        return new Replay { Account = account.Id, From = from, Through = through };
    }

    private async Task<AccountEntity> FindAsync(WebhookEntity webhook, Caller owner, string? id, CancellationToken cancel)
    {
        var followed = id is not null && owner.MaySee(id) && (webhook.Accounts?.Contains(id) ?? true);
        return (followed ? await accounts.FindAsync(id!, cancel) : null)
            ?? throw new ProblemException(new Problem(ErrorCode.BadRequest, "The webhook follows no such account.", [new ProblemError("The id of an account that the webhook follows is expected.", "/account")]));
    }

    private static async Task<bool> AddAsync(GatewayDbContext db, LaneEntity replay, CancellationToken cancel)
    {
        if (await db.Set<LaneEntity>().AnyAsync(lane => lane.Webhook == replay.Webhook && lane.Incarnation == replay.Incarnation && lane.End != null, cancel))
        {
            throw new ProblemException(ErrorCode.Conflict, "Changes of this account are being delivered again already.");
        }
        db.Add(replay);
        return true;
    }

    private static long Parse(string? text, string incarnation, LogRange range)
    {
        if (text == "0")
        {
            return range.Oldest - 1;
        }
        if (text is null || FeedPosition.Parse(text) is not { IsGlobal: false } position)
        {
            throw new ProblemException(new Problem(ErrorCode.BadRequest, "The position is malformed.", [new ProblemError("0 or a position in the feed of the account is expected.", "/after")]));
        }
        if (position.Incarnation != incarnation || !range.Bounds.Has(position.Place) || position.Place.Row < range.Oldest - 1)
        {
            throw new ProblemException(ErrorCode.Gone, "Changes after this position are kept no longer, or belong to a state that is lost. 0 is the oldest that is kept.");
        }
        return position.Place.Row;
    }
}
