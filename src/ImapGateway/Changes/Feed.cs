using ImapGateway.Http;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>What of a feed can be read.</summary>
/// <param name="Start">The place before the oldest change that is kept.</param>
/// <param name="Head">The place of the newest.</param>
public readonly record struct FeedBounds(GlobalPosition Start, GlobalPosition Head);

/// <summary>A feed as its readers see it: that of one account, whose places are its sequences, or that of all.</summary>
public abstract class Feed(bool isGlobal, string incarnation)
{
    /// <summary>How a reader that has missed something gets whole again.</summary>
    public const string Recovery = "List what you keep again, then follow from the feedPosition of that list.";

    public string Incarnation => incarnation;

    public bool IsGlobal => isGlobal;

    public abstract Task<FeedBounds> BoundsAsync(CancellationToken cancel);

    /// <summary>Changes after a place, oldest first.</summary>
    /// <exception cref="ProblemException">410 where some of them are kept no longer.</exception>
    public abstract Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel);

    /// <summary>Until there is something after the place.</summary>
    public abstract Task WaitAsync(GlobalPosition after, CancellationToken cancel);

    public abstract GlobalPosition PlaceOf(LoggedChange change);

    /// <summary>Whether nothing can come after it.</summary>
    public abstract bool EndsWith(LoggedChange change);

    public abstract string Format(GlobalPosition place);

    /// <summary>The place a client names: <c>0</c>, <c>latest</c>, or a position.</summary>
    /// <exception cref="ProblemException">400 for what is no position of this feed; 410 where it cannot be continued.</exception>
    public async Task<GlobalPosition> FindAsync(string after, CancellationToken cancel)
    {
        if (after is not ("0" or "latest"))
        {
            return await ResumeAsync(FeedPosition.Parse(after) ?? throw Malformed("It is neither 0, nor latest, nor a position."), cancel);
        }
        var bounds = await BoundsAsync(cancel);
        return after == "0" ? bounds.Start : bounds.Head;
    }

    public static ProblemException Gone(string what) => new(ErrorCode.Gone, $"{what} {Recovery}");

    private async Task<GlobalPosition> ResumeAsync(FeedPosition position, CancellationToken cancel)
    {
        if (position.IsGlobal != isGlobal)
        {
            throw Malformed(isGlobal ? "It is a position in the feed of one account, not of all." : "It is a position in the feed of all accounts, not of this one.");
        }
        if (position.Incarnation != incarnation)
        {
            throw Gone("The position belongs to a state that is lost.");
        }
        var bounds = await BoundsAsync(cancel);
        if (position.Place.CompareTo(bounds.Head) > 0)
        {
            throw Gone("The position is past the end of the feed: it belongs to a state that is lost.");
        }
        return position.Place.CompareTo(bounds.Start) >= 0 ? position.Place : throw TooOld();
    }

    public static ProblemException TooOld() => Gone("Changes after this position are kept no longer.");

    private static ProblemException Malformed(string detail) => RequestErrors.OfParameter("after", detail);
}

/// <summary>The changes of one account, by their sequences. It can still be read to its end when the account is removed.</summary>
public sealed class AccountFeed(ChangeLog log, string incarnation) : Feed(isGlobal: false, incarnation)
{
    public override async Task<FeedBounds> BoundsAsync(CancellationToken cancel)
    {
        var range = await log.RangeAsync(Incarnation, cancel);
        return new FeedBounds(At(range.Oldest - 1), At(range.Head));
    }

    public override async Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel)
    {
        var rows = await log.ReadAsync(Incarnation, after.Row, limit, cancel);
        return rows.Count == 0 || rows[0].Sequence == after.Row + 1 ? rows : throw TooOld();
    }

    public override Task WaitAsync(GlobalPosition after, CancellationToken cancel) => log.WaitAsync(Incarnation, after.Row, cancel);

    public override GlobalPosition PlaceOf(LoggedChange change) => At(change.Sequence);

    public override bool EndsWith(LoggedChange change) => change.Type == ChangeType.AccountRemoved;

    public override string Format(GlobalPosition place) => FeedPosition.OfAccount(Incarnation, place.Row);

    private static GlobalPosition At(long sequence) => new(0, sequence);
}

/// <summary>The changes of all accounts, in one order.</summary>
public sealed class GlobalFeed(ChangeLog log, StoreIncarnation store) : Feed(isGlobal: true, store.Value)
{
    public override Task<FeedBounds> BoundsAsync(CancellationToken cancel) => log.BoundsOfAllAsync(cancel);

    public override Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel) => log.ReadAllAsync(after, limit, cancel);

    public override Task WaitAsync(GlobalPosition after, CancellationToken cancel) => log.WaitAllAsync(after, cancel);

    public override GlobalPosition PlaceOf(LoggedChange change) => change.Position;

    public override bool EndsWith(LoggedChange change) => false;

    public override string Format(GlobalPosition place) => FeedPosition.OfAll(Incarnation, place);
}
