using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>A message that was requested by id and cannot be shown.</summary>
/// <param name="Id">The id as requested.</param>
/// <param name="Problem">The reason: gone, not found, too large to be sent along with the others, or the response of the mail server when it did not give what was requested.</param>
[GenerateSerializer, Immutable]
public sealed record MissingMessage(string Id, Problem Problem);

/// <summary>Messages in the order of the ids; an id that is requested twice is answered once.</summary>
[GenerateSerializer, Immutable]
public sealed record MessageSet(ImmutableArray<Message> Items, ImmutableArray<MissingMessage> Missing);

/// <summary>Reads many messages by id: one FETCH per mailbox for the headers that are not known, and as few as possible for the bodies.</summary>
[GenerateSerializer, Immutable]
public sealed record GetMessages(ImmutableArray<string> Ids, ReadOptions Options) : AccountCommand<Tagged<MessageSet>>
{
    public const int MostIds = 100;

    /// <summary>The largest number of octets in one response of the grain, with room for what JSON adds.</summary>
    private const long MostBytes = 900_000;

    private static readonly Problem TooLarge = new(ErrorCode.TooLarge, "The message does not fit into the answer along with the others: ask for fewer at once.");

    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override Task<Tagged<MessageSet>> RunAsync(AccountContext account, CancellationToken cancel) =>
        ReadyAsync(
            account,
            async () =>
            {
                var places = Ids.Select(id => (Id: id, Place: Find(account, id))).ToList();
                var tag = When.Weak(EntityTags.Digest(string.Join('\n', places.Select(one => StateOf(one.Id, one.Place)))));
                var holdsAt = account.Mailboxes.Known.HoldsAt(places.Select(one => one.Place.Mailbox).OfType<MailboxState>().Distinct());
                if (When.Has(tag))
                {
                    return new Tagged<MessageSet>(tag, null) { HoldsAt = holdsAt };
                }
                var set = await ReadAsync(account, Ids, Options, cancel);
                // A message that the server did not show may be there the next time, although the index is the same.
                var known = places.Where(one => one.Place.Problem is not null).Select(one => one.Id).ToHashSet();
                var isCertain = set.Items.All(item => item.Problem is null) && set.Missing.All(missing => missing.Problem == TooLarge || known.Contains(missing.Id));
                return new Tagged<MessageSet>(isCertain ? tag : null, set) { HoldsAt = isCertain ? holdsAt : null };
            },
            set => set.Missing.Any(missing => missing.Problem.Code == ErrorCode.Gone && Find(account, missing.Id).Mailbox is not null),
            cancel);

    /// <summary>Refreshes all mailboxes that contain the messages, then reads the messages.</summary>
    /// <param name="read">Reads the messages; may be called a second time.</param>
    /// <param name="isBehind">True if the server has less than is known: only a refresh shows whether a message was moved or removed.</param>
    public async Task<Tagged<T>> ReadyAsync<T>(AccountContext account, Func<Task<Tagged<T>>> read, Func<T, bool> isBehind, CancellationToken cancel) where T : class
    {
        for (var again = false; ; again = true)
        {
            var freshness = again ? Freshness.Revalidated : When.Freshness;
            var mailboxes = Ids.Select(id => Find(account, id).Mailbox).OfType<MailboxState>().Distinct();
            var stale = (await Task.WhenAll(mailboxes.Select(mailbox => LookAsync(account, mailbox, freshness, cancel)))).Min();
            try
            {
                var answer = await read();
                if (again || answer.Value is null || !isBehind(answer.Value))
                {
                    return answer with { StaleSince = stale };
                }
            }
            catch (ProblemException e) when (!again && e.Code is (ErrorCode.Gone or ErrorCode.NotFound))
            {
                // A mailbox was renamed or recreated since the refresh: the next one detects it.
            }
        }
    }

    /// <returns>The time from which the known state of the mailbox may be out of date; null: it is up to date.</returns>
    private async Task<DateTimeOffset?> LookAsync(AccountContext account, MailboxState mailbox, Freshness freshness, CancellationToken cancel)
    {
        try
        {
            if (await account.Mailboxes.Known.StaleSinceAsync(mailbox, freshness, cancel) is { } stale)
            {
                return stale;
            }
            var uids = Ids.Select(id => Find(account, id)).Where(place => place.Mailbox == mailbox).Select(place => place.Row.Uid).ToList();
            await account.Mailboxes.CompareAsync(mailbox, mailbox.UidValidity, uids, cancel);
        }
        catch (ProblemException e) when (e.Code == ErrorCode.Gone)
        {
            // Its messages are among the missing, the others are not.
        }
        return null;
    }

    /// <summary>Reads messages by the known state, without a refresh of the mailboxes.</summary>
    public static async Task<MessageSet> ReadAsync(AccountContext account, ImmutableArray<string> ids, ReadOptions options, CancellationToken cancel)
    {
        var places = ids.Distinct().ToDictionary(id => id, id => Find(account, id));
        var found = (await Task.WhenAll(places.Where(place => place.Value.Mailbox is not null)
            .GroupBy(place => place.Value.Mailbox!, place => (place.Key, place.Value.Row))
            .Select(group => HeadersAsync(account, group.Key, [.. group], cancel)))).SelectMany(group => group).ToList();

        // Keep the order of the ids, so that the client knows where to continue.
        var order = ids.Distinct().ToList();
        var fitting = Fitting(order.Join(found, id => id, one => one.Message.Id, (_, one) => one), one => SizeOf(one.Message), out var room);
        var (read, failed) = fitting.Count == 0 ? ReadMessages.None : await BodiesAsync(account, fitting, options, room, cancel);
        // The size of header fields is known only now.
        var items = Fitting(order.Where(read.ContainsKey).Select(id => read[id]), MessageSize.Of, out _);

        var shown = items.Select(item => item.Id).ToHashSet();
        var tooLarge = found.Select(one => one.Message.Id).Except(fitting.Select(one => one.Message.Id)).Concat(read.Keys).ToHashSet();
        var missing = order.Where(id => !shown.Contains(id)).Select(id => new MissingMessage(id, places[id].Problem ?? failed.GetValueOrDefault(id) ?? (tooLarge.Contains(id) ? TooLarge : Lost(places[id].Mailbox!, places[id].Row))));
        return new MessageSet([.. items], [.. missing]);
    }

    /// <summary>Returns the problem of a message that the server does not have there. It may have been moved.</summary>
    private static Problem Lost(MailboxState mailbox, IndexRow row) => AccountMailboxes.IsLeaving(mailbox, row.Uid) ? MailboxDirectory.Unsettled().Problem : Problem.MessageGone;

    /// <summary>Returns as many items as one response can carry, and at least one.</summary>
    private static List<T> Fitting<T>(IEnumerable<T> all, Func<T, long> size, out long room)
    {
        var left = MostBytes;
        List<T> fitting = [];
        foreach (var one in all)
        {
            var rest = left - size(one);
            if (rest >= 0 || fitting.Count == 0)
            {
                fitting.Add(one);
                left = rest;
            }
        }
        room = Math.Max(left, 0);
        return fitting;
    }

    private static long SizeOf(FoundMessage message) => MessageSize.Of(Message.Of(message.Id, "", 0, message.Row.Flags, 0, message.Headers));

    private static (MailboxState? Mailbox, IndexRow Row, Problem? Problem) Find(AccountContext account, string id)
    {
        try
        {
            var (mailbox, row) = account.Mailboxes.FindMessage(id);
            return (mailbox, row, null);
        }
        catch (ProblemException e)
        {
            return (null, default, e.Problem);
        }
    }

    private static string StateOf(string id, (MailboxState? Mailbox, IndexRow Row, Problem? Problem) place) =>
        place.Mailbox is { } mailbox ? AccountMailboxes.StateOf(mailbox, place.Row) : $"{id} {place.Problem!.Code}";

    private static async Task<IEnumerable<(MailboxState Mailbox, FoundMessage Message)>> HeadersAsync(
        AccountContext account, MailboxState mailbox, (string Id, IndexRow Row)[] rows, CancellationToken cancel)
    {
        var headers = await account.Headers.ReadAsync(mailbox.Counter, mailbox.Path, mailbox.UidValidity, [.. rows.Select(one => one.Row.Uid)], cancel);
        return rows.Where(one => headers.ContainsKey(one.Row.Uid)).Select(one => (mailbox, new FoundMessage(one.Id, one.Row, headers[one.Row.Uid])));
    }

    /// <summary>Reads bodies. They share the size that headers and structure leave.</summary>
    private static async Task<ReadMessages> BodiesAsync(
        AccountContext account, List<(MailboxState Mailbox, FoundMessage Message)> found, ReadOptions options, long room, CancellationToken cancel)
    {
        var kinds = (options.Text ? 1 : 0) + (options.Html ? 1 : 0);
        // Twice the size, since charsets make up to two octets of one, and cleaning makes links longer.
        var wanted = found.Select(one => BodySlices.Needed(one.Message.Headers.Parts, options.Body(options.MaxBodyBytes)).Sum(part => Math.Min(2 * part.Size, options.MaxBodyBytes)) * Math.Max(1, kinds));
        var level = FairShares.Level(wanted, room) / Math.Max(1, kinds);
        var maxBodyBytes = (int)Math.Clamp(level, 1, options.MaxBodyBytes);
        var read = await Task.WhenAll(found.GroupBy(one => one.Mailbox, one => one.Message)
            .Select(group => new MessageReader(account, group.Key, options).ReadAsync([.. group], maxBodyBytes, cancel)));
        return new ReadMessages(read.SelectMany(group => group.Read).ToDictionary(), read.SelectMany(group => group.Failed).ToDictionary());
    }
}
