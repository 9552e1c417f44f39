using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>A page of messages, newest first, with what the cursors of its messages are made of.</summary>
/// <param name="NextCursor">Where the list goes on in the direction it is walked; null where it ends.</param>
/// <param name="Bound">What a cursor of this list is bound to.</param>
[GenerateSerializer, Immutable]
public sealed record MessagePage(ImmutableArray<Message> Items, string? NextCursor, string FeedPosition, string Bound, uint UidValidity)
{
    public Page<Message> ToPage() => new(Items, NextCursor, FeedPosition);

    public string CursorOf(Message message) => ListMessages.CursorAt(Bound, new ListMessages.Position(UidValidity, message.Uid, FeedPosition));
}

/// <summary>
/// The newest messages of a mailbox below a cursor, by uid; or the oldest above it. A page may be shorter than the limit where a filter has to look into many messages,
/// or where a page would grow too large; it is the last one only if it has no cursor.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record ListMessages(MailboxRef Mailbox, MessageFilter Filter, int Limit, string? Cursor) : AccountCommand<Tagged<MessagePage>>
{
    /// <summary>Messages whose headers are looked into for one page at most.</summary>
    private const int MostExamined = 1000;

    /// <summary>Messages whose headers are asked for at once where a filter depends on them.</summary>
    private const int Batch = 100;

    private const string CursorKind = "messages";

    /// <param name="Below">Or above, where the list is walked the other way.</param>
    /// <param name="Feed">Of the first page: what has changed since then is told from there on, whichever page it is on.</param>
    public sealed record Position(uint UidValidity, uint Below, string Feed);

    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    /// <summary>From the end of the list: the oldest, or those just above the cursor. They are shown newest first all the same.</summary>
    [Id(1)] public bool IsBackward { get; init; }

    /// <summary>Only what the index has is asked for: ids, uids, flags, modSeqs. Everything else of the messages is empty.</summary>
    [Id(2)] public bool IndexOnly { get; init; }

    public static string CursorAt(string bound, Position position) => Responses.Cursor.Encode(CursorKind, bound, position);

    public override string? Target => Mailbox.ToString();

    public override async Task<Tagged<MessagePage>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        Filter.Validate();
        var mailbox = await account.Mailboxes.ResolveAsync(Mailbox, cancel);
        var bound = $"{mailbox.Id} {Filter.Fingerprint()}";
        var position = Responses.Cursor.Decode<Position>(CursorKind, bound, Cursor);
        if (position is not null)
        {
            account.Mailboxes.DemandOfHistory(position.Feed);
        }
        for (var again = false; ; again = true)
        {
            var stale = await account.Mailboxes.ReadyAsync(mailbox, again ? Freshness.Revalidated : When.Freshness, cancel);
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
                // Renamed or made anew since the look: the next one tells.
            }
        }
    }

    private async Task<Tagged<MessagePage>> ReadAsync(AccountContext account, MailboxState mailbox, string bound, Position? from, bool isStale, CancellationToken cancel)
    {
        // In one step: between two awaits others may change the index, and tell of it.
        var (index, uidValidity, comparedFrom, feed) = (mailbox.Index, mailbox.UidValidity, mailbox.ComparedFrom, from?.Feed ?? account.Mailboxes.FeedPosition);
        var holdsAt = account.Mailboxes.HoldsAt(mailbox);
        var tag = When.Weak(account.Mailboxes.StateOf(mailbox));
        if (When.Has(tag))
        {
            return new Tagged<MessagePage>(tag, null) { HoldsAt = holdsAt };
        }
        // Flags of old messages may have changed unnoticed where the server does not tell: it is asked then.
        var flagsBySearch = Filter.HasFlags && comparedFrom > 0;
        var search = Filter.NeedsSearch || flagsBySearch
            ? await account.Pool.RunAsync(mailbox.Path, repeatable: true, session => MessageSearch.RunAsync(session, mailbox.Path, uidValidity, Filter, flagsBySearch), cancel)
            : new MessageSearch(null, TextIsLeft: false);
        var walk = !IsBackward ? index.Descending(from?.Below) : from?.Below == uint.MaxValue ? [] : index.Ascending(from is null ? 0 : from.Below + 1);
        using var rows = walk.Where(row => (flagsBySearch || Filter.Admits(row)) && search.Uids?.Contains(row.Uid) != false).GetEnumerator();
        var page = new PageBuilder(Limit);
        var more = rows.MoveNext();
        // Otherwise the same may be asked for again with another answer, although the index is the same.
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

    /// <summary>With the flags that the comparison may have found meanwhile.</summary>
    private static IndexRow Now(MailboxState mailbox, uint uidValidity, IndexRow row) =>
        row.Uid < mailbox.ComparedFrom && mailbox.UidValidity == uidValidity && mailbox.Index.TryGetByUid(row.Uid, out var now) ? now : row;

    private Message? Shown(AccountContext account, MailboxState mailbox, IndexRow row, IReadOnlyDictionary<uint, MessageHeaders>? headers, MessageSearch search) =>
        (headers is null ? MessageHeaders.Unread : headers.GetValueOrDefault(row.Uid)) is { } known && Filter.Admits(row) && Filter.Admits(known) && (!search.TextIsLeft || Filter.AdmitsText(known))
            ? MessageOf(account, mailbox, row, known)
            : null;

    private static Message MessageOf(AccountContext account, MailboxState mailbox, IndexRow row, MessageHeaders headers) =>
        Message.Of(ObjectId.Format(ObjectId.Message, account.Mailboxes.Incarnation, row.Id), mailbox.Id, row.Uid, row.Flags, row.ModSeq, headers);

    /// <summary>Fills a page up to its limit, and never beyond what may cross the actor's border at once.</summary>
    private sealed class PageBuilder(int limit)
    {
        private const long MostBytes = 700_000;

        private readonly ImmutableArray<Message>.Builder _items = ImmutableArray.CreateBuilder<Message>();
        private long _bytes;
        private bool _full;

        public ImmutableArray<Message> Items => _items.ToImmutable();

        /// <summary>The last uid that was looked at, whether its message is on the page or not.</summary>
        public uint LastUid { get; private set; }

        public int Missing => limit - _items.Count;

        public bool IsFull => _full || Missing == 0;

        /// <summary>False where the message has no room any more.</summary>
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
