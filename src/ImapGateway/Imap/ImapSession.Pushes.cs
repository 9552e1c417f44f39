using System.Diagnostics;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>The part of the session that handles data that a server sends without a request.</summary>
public sealed partial class ImapSession
{
    /// <summary>The maximum number of mailboxes named in one command. Changes in the others are found by comparing.</summary>
    private const int MostNamed = 200;

    /// <summary>The time after which a server may send the full amount for IDLE again. Each push ends one IDLE and begins another, so the amount does not start anew with each.</summary>
    private static readonly TimeSpan IdlePeriod = TimeSpan.FromMinutes(10);

    private static readonly ImapEvent[] OfMessages = [new ImapEvent.MessageNew(), ImapEvent.MessageExpunge, ImapEvent.FlagChange];
    private static readonly ImapEvent[] OfMailboxes = [.. OfMessages, ImapEvent.MailboxName, ImapEvent.SubscriptionChange];

    private long _idleAllowance = MostBeside;
    private long _idleEnded;

    /// <summary>Registers the handlers for unsolicited data. They are called in the middle of any answer, and issue no commands.</summary>
    /// <param name="heard">Called when the server has sent data about the mailbox at this path, with its counters as far as they are known by now; null if it is the selected one.</param>
    /// <param name="tree">Called when there are other mailboxes than before.</param>
    /// <param name="overflowed">Called when the server has stopped reporting changes (RFC 5465 section 5.8): the caller must request them again, and compare everything.</param>
    public void Listen(Action<string, MailboxCounters?> heard, Action tree, Action overflowed)
    {
        _client.Heard = folder => heard(folder.FullName, folder.IsOpen ? null : MailboxListing.Counters(folder));
        _client.HeardOfTree = tree;
        _client.FolderCreated += (_, _) => tree();
        _stream.NotificationsOverflowed = overflowed;
    }

    /// <summary>
    /// Requests reports of changes in all mailboxes (RFC 5465). The session must know the mailboxes by a LIST and must have the inbox selected: reports about a mailbox that MailKit does not know
    /// are dropped.
    /// </summary>
    /// <param name="others">The mailboxes that are not personal: Dovecot does not find those of other users by a subtree.</param>
    /// <returns>The paths of the mailboxes that are covered. The server answers with the STATUS of each (RFC 5465 section 3.1), except for the selected one.</returns>
    /// <exception cref="ImapCommandException">The server refuses.</exception>
    public async Task<IReadOnlySet<string>> NotifyAsync(IEnumerable<string> others)
    {
        var groups = new List<ImapEventGroup>
        {
            // Delayed: reports about the selected mailbox in the middle of other answers must not move its message numbers.
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

    /// <summary>Receives unsolicited data until <paramref name="done"/>, however long the server is silent.</summary>
    /// <param name="answer">The longest silence after that.</param>
    /// <param name="done">Ends IDLE (RFC 2177).</param>
    public async Task IdleAsync(TimeSpan answer, CancellationToken done)
    {
        var rested = Stopwatch.GetElapsedTime(_idleEnded) / IdlePeriod;
        _stream.Allow((long)Math.Min(MostBeside, _idleAllowance + rested * MostBeside));
        _stream.Await(Timeout.InfiniteTimeSpan);
        // MailKit keeps no data from IDLE, which lasts for half an hour.
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
