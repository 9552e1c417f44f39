using System.Diagnostics.CodeAnalysis;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>
/// Reads the fingerprints of messages that existed before the first listing: a few thousand at a time, on a session of the pool, in the background. A message
/// that is moved before its fingerprint is read is reported as one removed and one added message.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A source of cancellation without a timer holds nothing.")]
public sealed class FingerprintFill(MailboxDirectory directory, MailboxCommits commits, ImapPool pool, GuardedLoop loop)
{
    /// <summary>The number of messages that may fail out of a few thousand. No request waits for them, and a message without a fingerprint loses its id with a new UIDVALIDITY.</summary>
    private const int MostFailed = 100;

    private readonly CancellationTokenSource _stop = new();
    private Task? _running;
    private bool _again;

    /// <summary>Starts the work if messages may be without a fingerprint.</summary>
    public void Start()
    {
        _again = true;
        _running ??= _stop.IsCancellationRequested ? null : RunAsync();
    }

    public void Stop()
    {
        _stop.Cancel();
        loop.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        while (_again && !_stop.IsCancellationRequested)
        {
            _again = false;
            if (await loop.TryAsync(_ => FillAllAsync(), _stop.Token) is not null)
            {
                _again = true;
            }
        }
        _running = null;
    }

    private async Task FillAllAsync()
    {
        try
        {
            foreach (var mailbox in directory.All.Where(mailbox => mailbox.Listed.Selectable).ToList())
            {
                await FillAsync(mailbox);
            }
        }
        catch (LostOwnershipException)
        {
            // The new owner continues the work.
            Stop();
        }
    }

    private async Task FillAsync(MailboxState mailbox)
    {
        for (var below = uint.MaxValue; !_stop.IsCancellationRequested && directory.Knows(mailbox);)
        {
            var uids = mailbox.Index.WithoutFingerprint(below).Take(IdentityFetch.Window).ToList();
            if (uids.Count == 0)
            {
                return;
            }
            below = uids[^1];
            uids.Reverse();
            var (path, uidValidity) = (mailbox.Path, mailbox.UidValidity);
            IReadOnlyDictionary<uint, ulong> found;
            try
            {
                found = await ReadAsync(pool, pool, path, uidValidity, uids);
            }
            catch (ProblemException)
            {
                // The state of the account reports the problem of its server. The next refresh starts this again.
                return;
            }
            using var turn = await mailbox.Turn.EnterAsync(CancellationToken.None);
            if (mailbox.UidValidity == uidValidity && found.Count > 0)
            {
                await commits.CommitAsync(new MailboxWrite(mailbox) { Fingerprints = found });
            }
        }
    }

    /// <param name="runner">The session that is asked for all messages at once.</param>
    /// <param name="pool">The pool that is asked again for messages that the server did not answer for.</param>
    /// <returns>The fingerprints by uid. Messages that have gone, or that the server cannot answer for, are missing.</returns>
    public static async Task<IReadOnlyDictionary<uint, ulong>> ReadAsync(ISessionRunner runner, ImapPool pool, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        // This runs on another thread than the actor's: there are thousands of messages.
        var fetched = await new FetchIsolation(pool, path, uidValidity) { MostFailed = MostFailed }
            .RunAsync(runner, uids, (session, some) => Task.Run(() => IdentityFetch.RunAsync(session, path, uidValidity, some)), CancellationToken.None);
        return fetched.Found.ToDictionary(one => one.Key, one => Fingerprint.Of(one.Value));
    }
}
