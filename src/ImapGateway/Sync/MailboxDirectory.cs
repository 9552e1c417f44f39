using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The mailboxes of an account that are known now, found by whatever clients name them with, and their messages.</summary>
/// <param name="incarnation">Of the account; ids of another are not its own.</param>
/// <param name="nextCounter">Of the ids: what is below was minted.</param>
public sealed class MailboxDirectory(string incarnation, ulong nextCounter)
{
    private readonly Dictionary<ulong, MailboxState> _byCounter = [];
    private readonly HashSet<MailboxState> _waiting = [];
    private MailboxOrder? _order;

    /// <summary>Of the next id that is minted.</summary>
    public ulong NextCounter { get; set; } = nextCounter;

    /// <summary>By path. An account may have thousands: the order is made once, and again after the mailboxes have changed.</summary>
    public MailboxOrder InOrder => _order ??= new MailboxOrder(_byCounter.Values.Where(mailbox => mailbox.LostSince is null));

    public IReadOnlyCollection<MailboxState> All => InOrder.Mailboxes;

    /// <summary>By counter, those that are gone and still have messages among them.</summary>
    public IReadOnlyDictionary<ulong, MailboxState> Everything => _byCounter;

    /// <summary>Those with messages that wait for their other half: few of many. See <see cref="Note"/>.</summary>
    public IReadOnlyCollection<MailboxState> Waiting => _waiting;

    public bool Knows(MailboxState mailbox) => mailbox.LostSince is null && _byCounter.ContainsKey(mailbox.Counter);

    /// <summary>A new mailbox, or one that has another path or role than before.</summary>
    public void Add(MailboxState mailbox)
    {
        (_byCounter[mailbox.Counter], _order) = (mailbox, null);
        Note(mailbox);
    }

    /// <summary>Called after each change of what the mailbox waits for.</summary>
    public void Note(MailboxState mailbox)
    {
        if (mailbox.Waits)
        {
            _waiting.Add(mailbox);
        }
        else
        {
            _waiting.Remove(mailbox);
        }
    }

    public void Remove(MailboxState mailbox)
    {
        _byCounter.Remove(mailbox.Counter);
        _waiting.Remove(mailbox);
        _order = null;
    }

    /// <summary>The mailbox is gone; its messages are kept until it is known what has become of them.</summary>
    public void Lose(MailboxState mailbox, long since)
    {
        (mailbox.LostSince, _order) = (since, null);
        Note(mailbox);
    }

    /// <summary>Messages of before a new UIDVALIDITY that have not been looked for yet among those of the mailbox.</summary>
    public IReadOnlyList<MailboxState> Unmatched(MailboxState mailbox) => [.. _waiting.Where(one => one.Unmatched && one.ShownAs == mailbox.Counter)];

    /// <summary>Since when something waits for its other half; null where nothing does.</summary>
    public (long Oldest, long Newest)? Pending()
    {
        (long Oldest, long Newest)? pending = null;
        foreach (var since in _waiting.SelectMany(Since))
        {
            pending = pending is { } so ? (Math.Min(so.Oldest, since), Math.Max(so.Newest, since)) : (since, since);
        }
        return pending;
    }

    private static IEnumerable<long> Since(MailboxState mailbox) => mailbox.LostSince is { } lost
        ? mailbox.Unmatched ? [] : [lost]
        : mailbox.Leaving.Values.Concat(mailbox.Arriving.Values.Select(one => one.Since));

    public MailboxState? Find(MailboxRef mailbox) => mailbox switch
    {
        { Id: { } id } => ObjectId.TryParse(id, out var parsed) && parsed.Kind == ObjectId.Mailbox && parsed.Incarnation == incarnation
            && _byCounter.GetValueOrDefault(parsed.Counter) is { LostSince: null } found ? found : null,
        { Role: { } role } => InOrder.OfRole(role),
        { Path: { } path } => AtPath(path),
        _ => null,
    };

    /// <summary>INBOX in any case (RFC 3501 section 5.1); null where nothing is known at the path.</summary>
    public MailboxState? AtPath(string path) => InOrder.AtPath(path);

    /// <summary>Where a message is.</summary>
    /// <exception cref="ProblemException">
    /// 404 where the id was never minted, 410 where the message is gone, 503 where it is not certain yet: its mailbox is gone or has a new UIDVALIDITY.
    /// </exception>
    public (MailboxState Mailbox, IndexRow Row) FindMessage(string id)
    {
        if (ObjectId.TryParse(id, out var parsed) && parsed.Kind == ObjectId.Message && parsed.Incarnation == incarnation)
        {
            foreach (var mailbox in _byCounter.Values)
            {
                if (mailbox.Index.TryGetById(parsed.Counter, out var row))
                {
                    return mailbox.LostSince is null ? (mailbox, row) : throw Unsettled();
                }
            }
        }
        throw Unknown(id, ObjectId.Message, "message");
    }

    /// <summary>The message is gone from where it was; whether it is elsewhere is known in a moment.</summary>
    public static ProblemException Unsettled() =>
        new(new Problem(ErrorCode.Unavailable, "The message is not where it was. In a moment it is known whether it was moved or removed.", RetryAfter: TimeSpan.FromSeconds(1)));

    /// <summary>410 where the id was minted once, 404 where it never was.</summary>
    public ProblemException Unknown(string id, char kind, string what)
    {
        // One of a later epoch was given by a state that is lost.
        var minted = ObjectId.TryParse(id, out var parsed) && parsed.Kind == kind
            && (parsed.Incarnation != incarnation || parsed.Counter < NextCounter || parsed.Epoch != ObjectId.EpochOf(NextCounter));
        return minted
            ? new ProblemException(ErrorCode.Gone, $"The {what} is gone, or belonged to another account.")
            : new ProblemException(ErrorCode.NotFound, $"There is no such {what}.");
    }

    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> where one of them is no more.</exception>
    public void Demand(params IEnumerable<MailboxState> mailboxes)
    {
        if (mailboxes.Any(mailbox => !Knows(mailbox)))
        {
            throw new ProblemException(ErrorCode.Gone, "The mailbox is gone.");
        }
    }
}
