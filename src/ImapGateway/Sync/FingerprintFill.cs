using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>
/// Finds out the fingerprints of messages that were there before anybody asked: a few thousand at a time, on a session of the pool, while nobody waits for it. A message
/// that is moved before its turn comes is taken for one that is removed and one that is added.
/// </summary>
public sealed partial class FingerprintFill(MailboxDirectory directory, MailboxCommits commits, ImapPool pool, ILogger log)
{
    private Task? _running;
    private bool _stopped;
    private bool _again;

    /// <summary>There may be messages without.</summary>
    public void Start()
    {
        _again = true;
        _running ??= _stopped ? null : RunAsync();
    }

    public void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        try
        {
            await Task.Yield();
            while (_again && !_stopped)
            {
                _again = false;
                foreach (var mailbox in directory.All.Where(mailbox => mailbox.Listed.Selectable).ToList())
                {
                    await FillAsync(mailbox);
                }
            }
        }
        catch (ProblemException e)
        {
            // The next look tries again.
            LogPostponed(e.Problem.Detail);
        }
        catch (LostOwnershipException)
        {
            // The new owner goes on.
        }
        catch (Exception e)
        {
            LogFault(e);
        }
        finally
        {
            _running = null;
        }
    }

    private async Task FillAsync(MailboxState mailbox)
    {
        for (var below = uint.MaxValue; !_stopped && directory.Knows(mailbox);)
        {
            var uids = mailbox.Index.WithoutFingerprint(below).Take(IdentityFetch.Window).ToList();
            if (uids.Count == 0)
            {
                return;
            }
            below = uids[^1];
            uids.Reverse();
            var (path, uidValidity) = (mailbox.Path, mailbox.UidValidity);
            var found = await pool.RunAsync(path, repeatable: true, session => ReadAsync(session, path, uidValidity, uids), CancellationToken.None);
            using var turn = await mailbox.Turn.EnterAsync(CancellationToken.None);
            if (mailbox.UidValidity == uidValidity && found.Count > 0)
            {
                await commits.CommitAsync(new MailboxWrite(mailbox) { Fingerprints = found });
            }
        }
    }

    /// <summary>By uid; messages that have gone are missing.</summary>
    public static async Task<IReadOnlyDictionary<uint, ulong>> ReadAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        // Away from the actor: of thousands.
        var identities = await Task.Run(() => IdentityFetch.RunAsync(session, path, uidValidity, uids));
        return identities.ToDictionary(one => one.Key, one => Fingerprint.Of(one.Value));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Fingerprints of messages are read later: {Reason}")]
    private partial void LogPostponed(string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Fingerprints of messages could not be read")]
    private partial void LogFault(Exception exception);
}
