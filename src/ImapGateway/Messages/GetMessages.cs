using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>A message that was asked for by id and cannot be shown.</summary>
/// <param name="Id">As asked for.</param>
/// <param name="Problem">Why: gone, not found, or too large to be sent along with the others.</param>
[GenerateSerializer, Immutable]
public sealed record MissingMessage(string Id, Problem Problem);

/// <summary>In the order of the ids; an id that is asked for twice is answered once.</summary>
[GenerateSerializer, Immutable]
public sealed record MessageSet(ImmutableArray<Message> Items, ImmutableArray<MissingMessage> Missing);

/// <summary>Many messages by id: one FETCH per mailbox for the headers that are not known, and as few as can be for the bodies.</summary>
[GenerateSerializer, Immutable]
public sealed record GetMessages(ImmutableArray<string> Ids, ReadOptions Options) : AccountCommand<MessageSet>
{
    public const int MostIds = 100;

    /// <summary>What may cross the actor's border at once, with room for what JSON adds.</summary>
    private const long MostBytes = 900_000;

    private static readonly Problem Gone = new(ErrorCode.Gone, "The message is gone.");
    private static readonly Problem TooLarge = new(ErrorCode.TooLarge, "The message does not fit into the answer along with the others: ask for fewer at once.");

    public override async Task<MessageSet> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailboxes = Ids.Select(id => Find(account, id).Mailbox).OfType<MailboxState>().Distinct();
        await Task.WhenAll(mailboxes.Select(mailbox => account.Mailboxes.UpToDateAsync(mailbox, cancel)));
        return await ReadAsync(account, Ids, Options, cancel);
    }

    /// <summary>By what is known now, without a look at the mailboxes.</summary>
    public static async Task<MessageSet> ReadAsync(AccountContext account, ImmutableArray<string> ids, ReadOptions options, CancellationToken cancel)
    {
        var places = ids.Distinct().ToDictionary(id => id, id => Find(account, id));
        var found = (await Task.WhenAll(places.Where(place => place.Value.Mailbox is not null)
            .GroupBy(place => place.Value.Mailbox!, place => place.Key)
            .Select(group => HeadersAsync(account, group.Key, [.. group], cancel)))).SelectMany(group => group).ToList();

        var sizes = found.ToDictionary(one => one.Message.Id, one => MessageSize.Of(Message.Of(one.Message.Id, "", 0, one.Message.Row.Flags, 0, one.Message.Headers)));
        var room = MostBytes;
        // In the order of the ids, so that the client knows where to go on.
        var fitting = ids.Distinct().Join(found, id => id, one => one.Message.Id, (_, one) => one).Where((one, i) => (room -= sizes[one.Message.Id]) >= 0 || i == 0).ToList();
        var read = fitting.Count == 0 ? [] : await BodiesAsync(account, fitting, options, Math.Max(room, 0), cancel);

        var known = found.Select(one => one.Message.Id).ToHashSet();
        var missing = places.Keys.Where(id => !read.ContainsKey(id)).Select(id => new MissingMessage(
            id, places[id].Problem ?? (known.Contains(id) && !fitting.Exists(one => one.Message.Id == id) ? TooLarge : Gone)));
        return new MessageSet([.. ids.Distinct().Where(read.ContainsKey).Select(id => read[id])], [.. missing]);
    }

    private static (MailboxState? Mailbox, Index.IndexRow Row, Problem? Problem) Find(AccountContext account, string id)
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

    private static async Task<IEnumerable<(MailboxState Mailbox, FoundMessage Message)>> HeadersAsync(AccountContext account, MailboxState mailbox, string[] ids, CancellationToken cancel)
    {
        var rows = ids.Select(id => (Id: id, account.Mailboxes.FindMessage(id).Row)).ToList();
        var headers = await account.Headers.ReadAsync(mailbox.Counter, mailbox.Path, mailbox.UidValidity, [.. rows.Select(one => one.Row.Uid)], cancel);
        return rows.Where(one => headers.ContainsKey(one.Row.Uid)).Select(one => (mailbox, new FoundMessage(one.Id, one.Row, headers[one.Row.Uid])));
    }

    /// <summary>Bodies share the room that headers and structure leave.</summary>
    private static async Task<Dictionary<string, Message>> BodiesAsync(
        AccountContext account, List<(MailboxState Mailbox, FoundMessage Message)> found, ReadOptions options, long room, CancellationToken cancel)
    {
        var kinds = (options.Text ? 1 : 0) + (options.Html ? 1 : 0);
        // Charsets make up to three octets of one, and cleaning adds to links: what turns out larger is cut.
        var wanted = found.Select(one => BodySlices.Needed(one.Message.Headers.Parts, options.Body(options.MaxBodyBytes)).Sum(part => Math.Min(part.Size, options.MaxBodyBytes)) * Math.Max(1, kinds));
        var level = FairShares.Level(wanted, room) / Math.Max(1, kinds);
        var maxBodyBytes = (int)Math.Clamp(level, 1, options.MaxBodyBytes);
        var read = await Task.WhenAll(found.GroupBy(one => one.Mailbox, one => one.Message)
            .Select(group => new MessageReader(account, group.Key, options).ReadAsync([.. group], maxBodyBytes, cancel)));
        return read.SelectMany(group => group).ToDictionary();
    }
}
