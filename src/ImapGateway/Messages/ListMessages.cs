using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>A page of messages, newest first, with the data that the cursors of its messages are made of.</summary>
/// <param name="NextCursor">The cursor of the next page in the direction of the list; null at its end.</param>
/// <param name="Bound">The mailbox and filter that a cursor of this list is bound to.</param>
[GenerateSerializer, Immutable]
public sealed record MessagePage(ImmutableArray<Message> Items, string? NextCursor, string FeedPosition, string Bound, uint UidValidity)
{
    public Page<Message> ToPage() => new(Items, NextCursor, FeedPosition);

    public string CursorOf(Message message) => ListMessages.CursorAt(Bound, new ListMessages.Position(UidValidity, message.Uid, FeedPosition));
}

/// <summary>
/// Lists the newest messages of a mailbox below a cursor, by uid, or the oldest above it. A page may be shorter than the limit if a filter must examine many messages,
/// or if the page would be too large. It is the last one only if it has no cursor.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record ListMessages(MailboxRef Mailbox, MessageFilter Filter, int Limit, string? Cursor) : AccountCommand<Tagged<MessagePage>>
{
    /// <summary>The largest number of messages whose headers are examined for one page.</summary>
    private const int MostExamined = 1000;

    /// <summary>The number of messages whose headers are requested at once if a filter depends on them.</summary>
    private const int Batch = 100;

    private const string CursorKind = "messages";

    /// <param name="Below">The uid below which the page begins, or above which it begins if the list is walked backward.</param>
    /// <param name="Feed">The feed position of the first page. Changes since then are reported from there on, whichever page they affect.</param>
    public sealed record Position(uint UidValidity, uint Below, string Feed);

    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    /// <summary>True if the list is walked from its end: the oldest messages, or those just above the cursor. They are shown newest first all the same.</summary>
    [Id(1)] public bool IsBackward { get; init; }

    /// <summary>True if only data of the index is requested: ids, uids, flags, modSeqs. All other members of the messages are empty.</summary>
    [Id(2)] public bool IndexOnly { get; init; }

    public static string CursorAt(string bound, Position position) => Responses.Cursor.Encode(CursorKind, bound, position);

    public override string? Target => Mailbox.ToString();

    public override async Task<Tagged<MessagePage>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        Filter.Validate();
        var mailbox = await account.Mailboxes.Tree.ResolveAsync(Mailbox, cancel);
        var bound = $"{mailbox.Id} {Filter.Fingerprint()}";
        var position = Responses.Cursor.Decode<Position>(CursorKind, bound, Cursor);
        if (position is not null)
        {
            account.Mailboxes.DemandOfHistory(position.Feed);
        }
        for (var again = false; ; again = true)
        {
            var stale = await account.Mailboxes.Known.StaleSinceAsync(mailbox, again ? Freshness.Revalidated : When.Freshness, cancel);
            if (position is not null && position.UidValidity != mailbox.UidValidity)
            {
                throw new ProblemException(ErrorCode.Gone, "The mail server has given the mailbox a new UIDVALIDITY: list it again from the beginning.");
            }
            try
            {
                return await ReadAsync(account, mailbox, bound, position, stale is not null, cancel) with { StaleSince = stale };
            }
            catch (ProblemException e) when (!again && e.Code is (ErrorCode.Gone or ErrorCode.NotFound))
            {
                // The mailbox was renamed or recreated since the refresh: the next one detects it.
            }
        }
    }

    private async Task<Tagged<MessagePage>> ReadAsync(AccountContext account, MailboxState mailbox, string bound, Position? from, bool isStale, CancellationToken cancel)
    {
        // Read in one step: during an await another request may change the index, and report the change.
        var (index, uidValidity, comparedFrom, feed) = (mailbox.Index, mailbox.UidValidity, mailbox.ComparedFrom, from?.Feed ?? account.Mailboxes.FeedPosition);
        var holdsAt = account.Mailboxes.Known.HoldsAt(mailbox);
        var tag = When.Weak(account.Mailboxes.StateOf(mailbox));
        if (When.Has(tag))
        {
            return new Tagged<MessagePage>(tag, null) { HoldsAt = holdsAt };
        }
        // If the server does not report flag changes, flags of old messages may be out of date: the server is asked then.
        var flagsBySearch = Filter.HasFlags && comparedFrom > 0;
        var search = Filter.NeedsSearch || flagsBySearch
            ? await account.Pool.RunAsync(mailbox.Path, repeatable: true, session => MessageSearch.RunAsync(session, mailbox.Path, uidValidity, Filter, flagsBySearch), cancel)
            : new MessageSearch(null, TextIsLeft: false);
        var walk = !IsBackward ? index.Descending(from?.Below) : from?.Below == uint.MaxValue ? [] : index.Ascending(from is null ? 0 : from.Below + 1);
        using var rows = walk.Where(row => (flagsBySearch || Filter.Admits(row)) && search.Uids?.Contains(row.Uid) != false).GetEnumerator();
        var page = new PageBuilder(Limit);
        var more = rows.MoveNext();
        // False if the same request can get another response although the index is the same.
        var isCertain = !flagsBySearch;
        for (var examined = 0; more && !page.IsFull && examined < MostExamined;)
        {
            var batch = new List<IndexRow>();
            var needsHeaders = Filter.NeedsHeaders || search.TextIsLeft;
            var most = needsHeaders ? Math.Max(Batch, page.Missing) : page.Missing;
            for (; more && batch.Count < most && examined < MostExamined; examined++, more = rows.MoveNext())
            {
                batch.Add(rows.Current);
            }
            var uids = batch.ConvertAll(row => row.Uid);
            var headers = IndexOnly && !needsHeaders ? null : await account.Headers.ReadAsync(mailbox.Counter, mailbox.Path, uidValidity, uids, cancel);
            isCertain &= (headers is null || (headers.Count == uids.Count && headers.Values.All(known => known.Problem is null))) && Math.Min(uids[0], uids[^1]) >= comparedFrom;
            if (!isStale)
            {
                await account.Mailboxes.CompareAsync(mailbox, uidValidity, uids, cancel);
            }
            foreach (var row in batch)
            {
                if (page.IsFull || !page.Examine(row.Uid, Shown(account, mailbox, Now(mailbox, uidValidity, row), headers, search)))
                {
                    more = true;
                    break;
                }
            }
        }
        var next = more ? CursorAt(bound, new Position(uidValidity, page.LastUid, feed)) : null;
        var items = IsBackward ? [.. page.Items.Reverse()] : page.Items;
        return new Tagged<MessagePage>(isCertain ? tag : null, new MessagePage(items, next, feed, bound, uidValidity)) { HoldsAt = isCertain ? holdsAt : null };
    }

    /// <summary>Returns the row with flags that the comparison has found meanwhile.</summary>
    private static IndexRow Now(MailboxState mailbox, uint uidValidity, IndexRow row) =>
        row.Uid < mailbox.ComparedFrom && mailbox.UidValidity == uidValidity && mailbox.Index.TryGetByUid(row.Uid, out var now) ? now : row;

    private Message? Shown(AccountContext account, MailboxState mailbox, IndexRow row, IReadOnlyDictionary<uint, MessageHeaders>? headers, MessageSearch search) =>
        (headers is null ? MessageHeaders.Unread : headers.GetValueOrDefault(row.Uid)) is { } known && Filter.Admits(row) && Filter.Admits(known) && (!search.TextIsLeft || Filter.AdmitsText(known))
            ? MessageOf(account, mailbox, row, known)
            : null;

    private static Message MessageOf(AccountContext account, MailboxState mailbox, IndexRow row, MessageHeaders headers) =>
        Message.Of(ObjectId.Format(ObjectId.Message, account.Mailboxes.Incarnation, row.Id), mailbox.Id, row.Uid, row.Flags, row.ModSeq, headers);

    /// <summary>Fills a page up to its limit, and never beyond the largest response of the grain.</summary>
    private sealed class PageBuilder(int limit)
    {
        private const long MostBytes = 700_000;

        private readonly ImmutableArray<Message>.Builder _items = ImmutableArray.CreateBuilder<Message>();
        private long _bytes;
        private bool _full;

        public ImmutableArray<Message> Items => _items.ToImmutable();

        /// <summary>The last uid that was examined, whether its message is on the page or not.</summary>
        public uint LastUid { get; private set; }

        public int Missing => limit - _items.Count;

        public bool IsFull => _full || Missing == 0;

        /// <summary>Examines a message. Returns false if the page has no space for it.</summary>
        public bool Examine(uint uid, Message? message)
        {
            if (message is not null)
            {
                var size = MessageSize.Of(message);
                if (_items.Count > 0 && _bytes + size > MostBytes)
                {
                    _full = true;
                    return false;
                }
                _bytes += size;
                _items.Add(message);
            }
            LastUid = uid;
            return true;
        }
    }
}
