using System.Collections.Immutable;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>The readable range of a feed.</summary>
/// <param name="Start">The position before the oldest change that is kept.</param>
/// <param name="Head">The position of the newest change.</param>
public readonly record struct FeedBounds(GlobalPosition Start, GlobalPosition Head)
{
    /// <summary>The last position of each epoch that has ended, at the time when the database was copied.</summary>
    public ImmutableArray<GlobalPosition> Ends { get; init; } = [];

    /// <summary>True if the position was given in the history of this feed. A position after the end of its epoch was given for a state that is lost.</summary>
    public bool Has(GlobalPosition place) => place.Epoch == Head.Epoch ? place <= Head : Ends.Any(end => end.Epoch == place.Epoch && place <= end);
}

/// <summary>A feed for its readers: that of one account, whose positions are its sequence numbers, or that of all accounts.</summary>
public abstract class Feed(bool isGlobal, string incarnation)
{
    /// <summary>The advice for a reader that has missed changes.</summary>
    public const string Recovery = "List what you keep again, then follow from the feedPosition of that list.";

    public string Incarnation => incarnation;

    public bool IsGlobal => isGlobal;

    public abstract Task<FeedBounds> BoundsAsync(CancellationToken cancel);

    /// <summary>Returns changes after a position, oldest first.</summary>
    /// <exception cref="ProblemException">410 if some of them are no longer kept.</exception>
    public abstract Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel);

    /// <summary>Waits until there is a change after the position.</summary>
    public abstract Task WaitAsync(GlobalPosition after, CancellationToken cancel);

    public abstract GlobalPosition PlaceOf(LoggedChange change);

    /// <summary>True if nothing can come after the change.</summary>
    public abstract bool EndsWith(LoggedChange change);

    public abstract string Format(GlobalPosition place);

    /// <summary>Returns the position that a client names: <c>0</c>, <c>latest</c>, or a position.</summary>
    /// <exception cref="ProblemException">400 if the value is no position of this feed, 410 if it cannot be continued.</exception>
    public async Task<GlobalPosition> FindAsync(string after, CancellationToken cancel)
    {
        if (after is not ("0" or "latest"))
        {
            return await ResumeAsync(FeedPosition.Parse(after) ?? throw Malformed("It is neither 0, nor latest, nor a position."), cancel);
        }
        var bounds = await BoundsAsync(cancel);
        return after == "0" ? bounds.Start : bounds.Head;
    }

    /// <summary>Returns the position that all pages of a list show.</summary>
    /// <param name="first">The position of the first page, as a cursor carries it, or null if this is the first page.</param>
    /// <exception cref="ProblemException">410 if the list was started in a state that is lost.</exception>
    public async Task<string> PositionOfListAsync(string? first, CancellationToken cancel)
    {
        var bounds = await BoundsAsync(cancel);
        return first is null ? Format(bounds.Head) : FeedPosition.Parse(first) is { } position && bounds.Has(position.Place) ? first : throw Lost();
    }

    public static ProblemException Gone(string what) => new(ErrorCode.Gone, $"{what} {Recovery}");

    private async Task<GlobalPosition> ResumeAsync(FeedPosition position, CancellationToken cancel)
    {
        if (position.IsGlobal != isGlobal)
        {
            throw Malformed(isGlobal ? "It is a position in the feed of one account, not of all." : "It is a position in the feed of all accounts, not of this one.");
        }
        var bounds = await BoundsAsync(cancel);
        return position.Incarnation != incarnation || !bounds.Has(position.Place) ? throw Lost() : position.Place >= bounds.Start ? position.Place : throw TooOld();
    }

    /// <summary>Returns the error for a position that was given for a state that is lost: the database is another one, or was restored from an earlier backup.</summary>
    public static ProblemException Lost() => Gone("The position belongs to a state that is lost.");

    public static ProblemException TooOld() => Gone("Changes after this position are kept no longer.");

    private static ProblemException Malformed(string detail) => RequestErrors.OfParameter("after", detail);
}

/// <summary>The changes of one account, by their sequence numbers. It can still be read to its end after the account is removed.</summary>
public sealed class AccountFeed(ChangeLog log, string incarnation) : Feed(isGlobal: false, incarnation)
{
    public override async Task<FeedBounds> BoundsAsync(CancellationToken cancel) => (await log.RangeAsync(Incarnation, cancel)).Bounds;

    public override async Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel)
    {
        var rows = await log.ReadAsync(Incarnation, after.Row, limit, cancel);
        return rows.Count == 0 || rows[0].Sequence == after.Row + 1 ? rows : throw TooOld();
    }

    public override Task WaitAsync(GlobalPosition after, CancellationToken cancel) => log.WaitAsync(Incarnation, after.Row, cancel);

    public override GlobalPosition PlaceOf(LoggedChange change) => new(0, change.Sequence, change.Position.Epoch);

    public override bool EndsWith(LoggedChange change) => change.Type == ChangeType.AccountRemoved;

    public override string Format(GlobalPosition place) => FeedPosition.OfAccount(Incarnation, place.Row, place.Epoch);
}

/// <summary>The changes of all accounts, in one order.</summary>
public sealed class GlobalFeed(ChangeLog log, StoreStart store) : Feed(isGlobal: true, store.Incarnation)
{
    public override Task<FeedBounds> BoundsAsync(CancellationToken cancel) => log.BoundsOfAllAsync(cancel);

    public override Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel) => log.ReadAllAsync(after, limit, cancel);

    public override Task WaitAsync(GlobalPosition after, CancellationToken cancel) => log.WaitAllAsync(after, cancel);

    public override GlobalPosition PlaceOf(LoggedChange change) => change.Position;

    public override bool EndsWith(LoggedChange change) => false;

    public override string Format(GlobalPosition place) => FeedPosition.OfAll(Incarnation, place);
}
