using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>A page of the mailboxes of an account, by path.</summary>
/// <param name="NextCursor">The cursor of the next page; null at the end of the list.</param>
/// <param name="Bound">The filter that a cursor of this list is bound to.</param>
[GenerateSerializer, Immutable]
public sealed record MailboxPage(ImmutableArray<Mailbox> Items, string? NextCursor, string FeedPosition, string Bound)
{
    public Page<Mailbox> ToPage() => new(Items, NextCursor, FeedPosition);

    public string CursorOf(Mailbox mailbox) => ListMailboxes.CursorAt(Bound, mailbox.Path, mailbox.Id, FeedPosition);
}

/// <summary>Lists the mailboxes of an account with their counters, by path, from a cursor on.</summary>
[GenerateSerializer, Immutable]
public sealed record ListMailboxes(int Limit, string? Cursor) : AccountCommand<Tagged<MailboxPage>>
{
    public const int DefaultLimit = Paging.MaxLimit;

    private const string CursorKind = "mailboxes";

    /// <summary>The largest length of a path in a cursor. Servers allow a few hundred characters; a longer path is found again by the id of its mailbox.</summary>
    private const int MostOfPath = 200;

    /// <summary>The largest number of characters of all paths on a page: names have no limit in IMAP, and a response of the grain has.</summary>
    private const int MostCharacters = 300_000;

    /// <param name="Path">The path of the last mailbox of the previous page, or the beginning of a very long path.</param>
    /// <param name="Id">The id of that mailbox.</param>
    /// <param name="Feed">The feed position of the first page. Changes since then are reported from there on, whichever page they affect.</param>
    public sealed record Position(string Path, string Id, string Feed);

    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    /// <summary>The path of the only mailbox to list, if it exists.</summary>
    [Id(1)] public string? Path { get; init; }

    /// <summary>True to list only mailboxes that are below no other.</summary>
    [Id(2)] public bool AtTop { get; init; }

    /// <summary>The id of the mailbox whose direct children are listed.</summary>
    [Id(3)] public string? Parent { get; init; }

    public static string CursorAt(string bound, string path, string id, string feed)
    {
        // A character outside the basic plane takes two chars, and half of it cannot be encoded.
        var length = path.Length <= MostOfPath ? path.Length : char.IsHighSurrogate(path[MostOfPath - 1]) ? MostOfPath - 1 : MostOfPath;
        return Responses.Cursor.Encode(CursorKind, bound, new Position(path[..length], id, feed));
    }

    public override async Task<Tagged<MailboxPage>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var bound = $"{account.Mailboxes.Incarnation}\n{Path}\n{AtTop}\n{Parent}";
        var from = Responses.Cursor.Decode<Position>(CursorKind, bound, Cursor);
        var stale = await account.Mailboxes.Known.TreeStaleSinceAsync(When.Freshness, cancel);
        // Read in one step: during an await another request may change the mailboxes, and report the change.
        var holdsAt = account.Mailboxes.Known.TreeHoldsAt;
        var feed = from?.Feed ?? account.Mailboxes.FeedPosition;
        var (items, hasMore) = Known(account.Mailboxes, from, stale is not null);
        var tag = When.Weak(EntityTags.Digest($"{hasMore}\n{string.Join('\n', items)}"));
        var page = When.Has(tag) ? null : new MailboxPage(items, hasMore ? CursorAt(bound, items[^1].Path, items[^1].Id, feed) : null, feed, bound);
        return new Tagged<MailboxPage>(tag, page) { StaleSince = stale, HoldsAt = holdsAt };
    }

    private (ImmutableArray<Mailbox> Items, bool HasMore) Known(AccountMailboxes mailboxes, Position? from, bool isStale)
    {
        var order = mailboxes.InOrder;
        var items = ImmutableArray.CreateBuilder<Mailbox>();
        var characters = 0;
        foreach (var mailbox in Asked(order, from is null ? null : After(order, from)))
        {
            characters += mailbox.Path.Length;
            if (items.Count == Limit || items.Count > 0 && characters > MostCharacters)
            {
                return (items.ToImmutable(), true);
            }
            items.Add(MailboxOf(mailbox, order, mailboxes.Known.CountersOf(mailbox, isStale)));
        }
        return (items.ToImmutable(), false);
    }

    private IEnumerable<MailboxState> Asked(MailboxOrder order, string? after)
    {
        if (Path is not null)
        {
            return after is null && order.AtPath(Path) is { } one ? [one] : [];
        }
        return Parent is not null ? order.After(after).Where(mailbox => order.ParentOf(mailbox)?.Id == Parent)
            : AtTop ? order.After(after).Where(mailbox => order.ParentOf(mailbox) is null)
            : order.After(after);
    }

    /// <summary>Returns the path to continue after. The mailbox of the cursor may have been renamed or deleted: the list continues where it was.</summary>
    private static string After(MailboxOrder order, Position from) =>
        from.Path.Length < MostOfPath - 1 ? from.Path
        : order.After(from.Path).TakeWhile(mailbox => mailbox.Path.StartsWith(from.Path, StringComparison.Ordinal)).FirstOrDefault(mailbox => mailbox.Id == from.Id)?.Path ?? from.Path;

    /// <summary>Returns the mailbox as clients see it. A parent that LIST does not show does not count: <c>parentId</c> is null.</summary>
    public static Mailbox MailboxOf(MailboxState mailbox, MailboxOrder order, MailboxCounters? counters) => new()
    {
        Id = mailbox.Id,
        Path = mailbox.Path,
        Name = mailbox.Listed.Name,
        Delimiter = mailbox.Listed.Delimiter,
        ParentId = order.ParentOf(mailbox)?.Id,
        Role = mailbox.Role,
        Subscribed = mailbox.Listed.Subscribed,
        Selectable = mailbox.Listed.Selectable,
        Total = mailbox.Listed.Selectable ? counters?.Total : 0,
        Unseen = mailbox.Listed.Selectable ? counters?.Unseen : 0,
        UidValidity = mailbox.Listed.Selectable ? counters?.UidValidity : 0,
        UidNext = mailbox.Listed.Selectable ? counters?.UidNext : 0,
        Precision = mailbox.Precision,
        Problem = mailbox.Problem is { } problem ? ResourceProblem.Of(problem) : null,
    };
}
