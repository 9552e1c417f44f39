using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The mailboxes of an account that are known now, with their messages. It finds a mailbox by each kind of name that clients use.</summary>
/// <param name="incarnation">The incarnation of the account. Ids of another incarnation are foreign.</param>
/// <param name="nextCounter">The next counter of ids. Lower counters were minted.</param>
public sealed class MailboxDirectory(string incarnation, ulong nextCounter)
{
    private readonly Dictionary<ulong, MailboxState> _byCounter = [];
    private readonly HashSet<MailboxState> _waiting = [];
    private MailboxOrder? _order;

    /// <summary>The counter of the next id that is minted.</summary>
    public ulong NextCounter { get; set; } = nextCounter;

    /// <summary>The mailboxes in the order of their paths. An account may have thousands: the order is made once, and again after the mailboxes have changed.</summary>
    public MailboxOrder InOrder => _order ??= new MailboxOrder(_byCounter.Values.Where(mailbox => mailbox.LostSince is null));

    public IReadOnlyCollection<MailboxState> All => InOrder.Mailboxes;

    /// <summary>The mailboxes by counter, including those that are gone and still have messages.</summary>
    public IReadOnlyDictionary<ulong, MailboxState> Everything => _byCounter;

    /// <summary>The mailboxes with messages that wait for the other half of a move. These are few of many. See <see cref="Note"/>.</summary>
    public IReadOnlyCollection<MailboxState> Waiting => _waiting;

    public bool Knows(MailboxState mailbox) => mailbox.LostSince is null && _byCounter.ContainsKey(mailbox.Counter);

    /// <summary>Adds a new mailbox, or one that has another path or role than before.</summary>
    public void Add(MailboxState mailbox)
    {
        (_byCounter[mailbox.Counter], _order) = (mailbox, null);
        Note(mailbox);
    }

    /// <summary>Records whether the mailbox waits. It is called after each change of what the mailbox waits for.</summary>
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

    /// <summary>Marks the mailbox as gone. Its messages are kept until their fate is known.</summary>
    public void Lose(MailboxState mailbox, long since)
    {
        (mailbox.LostSince, _order) = (since, null);
        Note(mailbox);
    }

    /// <summary>Returns the mailboxes that keep messages from before a new UIDVALIDITY which have not been searched for among those of the mailbox.</summary>
    public IReadOnlyList<MailboxState> Unmatched(MailboxState mailbox) => [.. _waiting.Where(one => one.Unmatched && one.ShownAs == mailbox.Counter)];

    /// <summary>Returns the oldest and the newest moment since which something waits for the other half of a move, or null if nothing waits.</summary>
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

    /// <summary>Returns the mailbox at the path; INBOX in any case (RFC 3501 section 5.1). Null if nothing is known at the path.</summary>
    public MailboxState? AtPath(string path) => InOrder.AtPath(path);

    /// <summary>Returns the place of a message.</summary>
    /// <exception cref="ProblemException">
    /// 404 if the id was never minted, 410 if the message is gone, 503 if this is not certain yet: its mailbox is gone or has a new UIDVALIDITY.
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

    /// <summary>Returns the problem that the message is gone from its known place, and that its new place is not known for a short time.</summary>
    public static ProblemException Unsettled() =>
        new(new Problem(ErrorCode.Unavailable, "The message is not where it was. In a moment it is known whether it was moved or removed.", RetryAfter: TimeSpan.FromSeconds(1)));

    /// <summary>Returns 410 if the id was minted once, 404 if it was never minted.</summary>
    public ProblemException Unknown(string id, char kind, string what)
    {
        // An id of a later epoch was given by a state that is lost.
        var minted = ObjectId.TryParse(id, out var parsed) && parsed.Kind == kind
            && (parsed.Incarnation != incarnation || parsed.Counter < NextCounter || parsed.Epoch != ObjectId.EpochOf(NextCounter));
        return minted
            ? new ProblemException(ErrorCode.Gone, $"The {what} is gone, or belonged to another account.")
            : new ProblemException(ErrorCode.NotFound, $"There is no such {what}.");
    }

    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> if one of the mailboxes no longer exists.</exception>
    public void Demand(params IEnumerable<MailboxState> mailboxes)
    {
        if (mailboxes.Any(mailbox => !Knows(mailbox)))
        {
            throw new ProblemException(ErrorCode.Gone, "The mailbox is gone.");
        }
    }
}
