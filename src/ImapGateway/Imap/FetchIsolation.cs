using ImapGateway.Mail;
using MailKit.Search;

namespace ImapGateway.Imap;

/// <summary>What became of each of the messages that were asked for. Those that are in none of the three have gone, and the server has said so.</summary>
/// <param name="Found">By uid.</param>
/// <param name="Failed">By uid: messages that the server has, and why it gave no answer about them.</param>
/// <param name="Left">Messages that the server has, and that were not asked for by themselves because too many others had failed.</param>
public sealed record IsolatedFetch<T>(IReadOnlyDictionary<uint, T> Found, IReadOnlyDictionary<uint, Problem> Failed, IReadOnlyCollection<uint> Left);

/// <summary>
/// Runs a FETCH of many messages so that a message that the server cannot answer for costs only itself, whether the server refuses the command, leaves the message out of the answer,
/// sends what cannot be parsed, closes the connection, or falls silent. The messages are asked for again in halves, each on a session of the pool.
/// </summary>
/// <param name="pool">Where the halves are asked for.</param>
/// <param name="path">The mailbox.</param>
/// <param name="uidValidity">The one that the uids belong to.</param>
public sealed class FetchIsolation(ImapPool pool, string path, uint uidValidity)
{
    /// <summary>Messages that are isolated in one call. Each takes two commands for every doubling of the number of messages, and perhaps as many logins.</summary>
    public int MostFailed { get; init; } = 8;

    /// <param name="first">Where all messages are asked for at once.</param>
    /// <param name="uids">At least one.</param>
    /// <param name="fetch">Returns what the server has answered, by uid.</param>
    /// <param name="cancel">Lets go of the result, never of a running command.</param>
    /// <exception cref="ProblemException">The failure is not one of single messages: the server cannot be reached, or denies access.</exception>
    public async Task<IsolatedFetch<T>> RunAsync<T>(
        ISessionRunner first, IReadOnlyCollection<uint> uids, Func<ImapSession, IReadOnlyCollection<uint>, Task<IReadOnlyDictionary<uint, T>>> fetch, CancellationToken cancel)
    {
        var found = new Dictionary<uint, T>(uids.Count);
        var failed = new Dictionary<uint, Problem>();
        var left = new List<uint>();
        var failure = await TryAsync(first, uids, repeatable: true, found, fetch, cancel);
        if (found.Count == uids.Count)
        {
            return new IsolatedFetch<T>(found, failed, left);
        }
        // Where even this fails, the failure is the server's, and no message is to blame.
        var there = await ThereAsync(Missing(uids, found), failure, cancel);
        var sets = new Stack<List<uint>>();
        var isProbed = false;
        Divide(there, failure?.Problem);
        while (sets.TryPop(out var set))
        {
            if (failed.Count >= MostFailed)
            {
                left.AddRange(set);
                continue;
            }
            failure = await TryAsync(pool, set, repeatable: false, found, fetch, cancel);
            Divide(Missing(set, found), failure?.Problem);
            if (!isProbed && failed.Count > 0 && found.Count == 0)
            {
                await DemandAnyAsync([.. there.Except(failed.Keys)], failure?.Problem ?? Silent, cancel);
                isProbed = true;
            }
        }
        return new IsolatedFetch<T>(found, failed, left);

        void Divide(List<uint> unanswered, Problem? problem)
        {
            switch (unanswered)
            {
                case []:
                    break;
                case [var uid]:
                    failed[uid] = problem ?? Silent;
                    break;
                default:
                    var half = unanswered.Count / 2;
                    // The first half is asked for first.
                    sets.Push(unanswered[half..]);
                    sets.Push(unanswered[..half]);
                    break;
            }
        }
    }

    /// <summary>The server has the message, and answers FETCH with OK and not a word about it.</summary>
    private static Problem Silent { get; } = new(ErrorCode.AccountProtocol, "The mail server has the message, but says nothing about it.");

    private static List<uint> Missing<T>(IEnumerable<uint> uids, Dictionary<uint, T> found) => [.. uids.Where(uid => !found.ContainsKey(uid)).Order()];

    /// <returns>Why not all of them were answered, if it was a failure that may be that of one message.</returns>
    private async Task<ProblemException?> TryAsync<T>(
        ISessionRunner runner, IReadOnlyCollection<uint> uids, bool repeatable, Dictionary<uint, T> found, Func<ImapSession, IReadOnlyCollection<uint>, Task<IReadOnlyDictionary<uint, T>>> fetch, CancellationToken cancel)
    {
        try
        {
            foreach (var (uid, one) in await runner.RunAsync(path, repeatable, session => fetch(session, uids), cancel))
            {
                found[uid] = one;
            }
            return null;
        }
        catch (ProblemException e) when (MayBeOfOneMessage(e))
        {
            return e;
        }
    }

    /// <summary>
    /// A refusal without a code, or with one that speaks of a fault; an answer that cannot be parsed; the end of the connection, or silence. Limits and rights do not depend on the message.
    /// </summary>
    public static bool MayBeOfOneMessage(ProblemException failure) => FloodException.In(failure) is null && failure.Code switch
    {
        ErrorCode.AccountProtocol or ErrorCode.AccountUnavailable or ErrorCode.AccountTimeout or ErrorCode.Unprocessable => true,
        ErrorCode.AccountDenied => failure.Problem.Upstream?.Code is null,
        _ => false,
    };

    /// <summary>Nothing has been found yet: a server that does not even tell the size of other messages answers no FETCH at all, and no message is to blame.</summary>
    /// <param name="others">Some of them are asked for, one by one.</param>
    /// <param name="failure">Thrown where there is an answer about none of them.</param>
    private async Task DemandAnyAsync(List<uint> others, Problem failure, CancellationToken cancel)
    {
        if (others.Count == 0)
        {
            return;
        }
        foreach (var uid in new[] { others[^1], others[others.Count / 2], others[0] }.Distinct())
        {
            try
            {
                if ((await pool.RunAsync(path, repeatable: false, session => HeaderFetch.BasicAsync(session, path, uidValidity, [uid]), cancel)).Count > 0)
                {
                    return;
                }
            }
            catch (ProblemException e) when (MayBeOfOneMessage(e))
            {
                // Perhaps another one is answered.
            }
        }
        throw new ProblemException(failure);
    }

    /// <summary>Those that the server has: SEARCH reads nothing of them, so the answer does not depend on what is wrong with them.</summary>
    /// <param name="failure">Thrown where the server does not answer this either.</param>
    private async Task<List<uint>> ThereAsync(List<uint> uids, ProblemException? failure, CancellationToken cancel)
    {
        try
        {
            return await pool.RunAsync(path, repeatable: true, session => ThereAsync(session, path, uidValidity, uids), cancel);
        }
        catch (ProblemException) when (failure is not null)
        {
            throw failure;
        }
    }

    /// <summary>Those of the messages that the server has.</summary>
    public static async Task<List<uint>> ThereAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity);
        // A SEARCH on an open session answers from the view it had.
        await session.Client.NoOpAsync();
        var found = await folder.SearchAsync(SearchQuery.Uids(UidSet.Ascending(uids)));
        return [.. uids.Intersect(found.Select(uid => uid.Id)).Order()];
    }
}
