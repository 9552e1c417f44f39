using System.Diagnostics;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>What a server says without being asked.</summary>
public sealed partial class ImapSession
{
    /// <summary>In one command; what is beyond is found by comparing.</summary>
    private const int MostNamed = 200;

    /// <summary>In which a server may say in IDLE as much as in one IDLE: each push ends one and begins another.</summary>
    private static readonly TimeSpan IdlePeriod = TimeSpan.FromMinutes(10);

    private static readonly ImapEvent[] OfMessages = [new ImapEvent.MessageNew(), ImapEvent.MessageExpunge, ImapEvent.FlagChange];
    private static readonly ImapEvent[] OfMailboxes = [.. OfMessages, ImapEvent.MailboxName, ImapEvent.SubscriptionChange];

    private long _idleAllowance = MostBeside;
    private long _idleEnded;

    /// <summary>Handlers are called in the middle of any answer, and issue no commands.</summary>
    /// <param name="heard">Something was said of the mailbox at this path: its counters as far as they are known by now, null where it is the selected one.</param>
    /// <param name="tree">There are other mailboxes than before.</param>
    /// <param name="overflowed">The server has given up telling (RFC 5465 section 5.8): it is to be asked again, and all to be compared.</param>
    public void Listen(Action<string, MailboxCounters?> heard, Action tree, Action overflowed)
    {
        _client.Heard = folder => heard(folder.FullName, folder.IsOpen ? null : MailboxListing.Counters(folder));
        _client.HeardOfTree = tree;
        _client.FolderCreated += (_, _) => tree();
        _stream.NotificationsOverflowed = overflowed;
    }

    /// <summary>
    /// From the answer on the server tells of changes in all mailboxes (RFC 5465). It is to know the mailboxes by a LIST and to have the inbox selected: what is said of
    /// a mailbox that MailKit does not know is dropped.
    /// </summary>
    /// <param name="others">Mailboxes that are not personal: Dovecot does not find those of other users by a subtree.</param>
    /// <returns>Paths of the mailboxes that it covers: the server answers with the STATUS of each (RFC 5465 section 3.1), except of the one that is selected.</returns>
    /// <exception cref="ImapCommandException">It refuses.</exception>
    public async Task<IReadOnlySet<string>> NotifyAsync(IEnumerable<string> others)
    {
        var groups = new List<ImapEventGroup>
        {
            // Delayed: what is said of the selected mailbox in the middle of other answers must not move its message numbers.
            new(ImapMailboxFilter.SelectedDelayed, OfMessages),
            new(ImapMailboxFilter.Personal, OfMailboxes),
        };
        var named = new List<IMailFolder>();
        foreach (var path in others.Take(MostNamed))
        {
            if (await FindAsync(path) is { } folder)
            {
                named.Add(folder);
            }
        }
        if (named.Count > 0)
        {
            groups.Add(new(new ImapMailboxFilter.Mailboxes(named), OfMailboxes));
        }
        foreach (var root in _client.OtherNamespaces.Concat(_client.SharedNamespaces).Where(root => root.Path.Length > 0))
        {
            if (await FindAsync(root.Path) is { } folder)
            {
                groups.Add(new(new ImapMailboxFilter.Subtree(folder), OfMailboxes));
            }
        }
        try
        {
            await Quirks.Fatal.RunAsync(this, CapabilityNames.NameOf(ImapCapabilities.Notify), "", async () =>
            {
                await _client.NotifyAsync(true, groups);
                return true;
            });
        }
        catch (ImapCommandException e)
        {
            Refused(ImapCapabilities.Notify, e);
            throw;
        }
        _notified = true;
        return Listing.Counted.ToHashSet(StringComparer.Ordinal);
    }

    private async Task<IMailFolder?> FindAsync(string path)
    {
        try
        {
            return await FolderAsync(path);
        }
        catch (FolderNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Hears what the server says until <paramref name="done"/>; however long it is silent.</summary>
    /// <param name="answer">How long it may be silent after that.</param>
    /// <param name="done">Ends IDLE (RFC 2177).</param>
    public async Task IdleAsync(TimeSpan answer, CancellationToken done)
    {
        var rested = Stopwatch.GetElapsedTime(_idleEnded) / IdlePeriod;
        _stream.Allow((long)Math.Min(MostBeside, _idleAllowance + rested * MostBeside));
        _stream.Await(Timeout.InfiniteTimeSpan);
        // MailKit keeps nothing of what is said in IDLE, which lasts for half an hour.
        var memory = _stream.Memory;
        _stream.Memory = null;
        try
        {
            using var ending = done.UnsafeRegister(_ => _stream.Await(answer), null);
            await _client.IdleAsync(done);
        }
        catch (ImapCommandException e)
        {
            Refused(ImapCapabilities.Idle, e);
            throw;
        }
        finally
        {
            (_idleAllowance, _idleEnded) = (_stream.Allowance, Stopwatch.GetTimestamp());
            _stream.Memory = memory;
            _stream.Await(null);
        }
    }
}
