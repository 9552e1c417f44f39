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
/// sends what cannot be parsed, closes the connection, or falls silent. Where the answer shows which message it ended at, that one is asked for by itself; else the messages are asked for again in halves. Each of these commands
/// runs on a session of the pool, and after a silence the server has less time for each.
/// </summary>
/// <param name="pool">Where the halves are asked for.</param>
/// <param name="path">The mailbox.</param>
/// <param name="uidValidity">The one that the uids belong to.</param>
public sealed class FetchIsolation(ImapPool pool, string path, uint uidValidity)
{
    /// <summary>Messages that are isolated in one call. Each takes two commands for every doubling of the number of messages, and perhaps as many logins.</summary>
    public int MostFailed { get; init; } = 8;

    /// <summary>Of the time that the server has for an answer: what it has for each command after it was silent once. All steps together take about as long as the first one.</summary>
    private const double ShareOfPatience = 1.0 / 8;

    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(1);

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
        var patience = pool.AnswerTime;
        var guesses = true;
        var (failure, culprit) = await TryAsync(first, uids, repeatable: true, patience, found, fetch, cancel);
        if (found.Count == uids.Count)
        {
            return new IsolatedFetch<T>(found, failed, left);
        }
        // Where even this fails, the failure is the server's, and no message is to blame.
        var there = await ThereAsync(Missing(uids, found), failure, cancel);
        var sets = new Stack<List<uint>>();
        var isProbed = false;
        if (failure is null && there.Count == 1)
        {
            // The FETCH may have been answered from an older view of the mailbox.
            sets.Push(there);
        }
        else
        {
            Divide(there, failure?.Problem, culprit);
        }
        while (sets.TryPop(out var set))
        {
            if (failed.Count >= MostFailed)
            {
                left.AddRange(set);
                continue;
            }
            if (failure?.Code == ErrorCode.AccountTimeout && patience == pool.AnswerTime)
            {
                patience = patience * ShareOfPatience is var share && share > LeastPatience ? share : LeastPatience;
            }
            var isGuess = culprit is { } guessed && set is [var only] && only == guessed;
            (failure, culprit) = await TryAsync(pool, set, repeatable: false, patience, found, fetch, cancel);
            // Output of the server that has not left it yet makes the answer end too early: it is good for one wrong guess.
            guesses &= !isGuess || failure is not null;
            Divide(Missing(set, found), failure?.Problem, culprit);
            if (!isProbed && failed.Count > 0 && found.Count == 0)
            {
                await DemandAnyAsync([.. there.Except(failed.Keys)], failure?.Problem ?? Silent, cancel);
                isProbed = true;
            }
        }
        return new IsolatedFetch<T>(found, await ThereAsync(failed, cancel), left);

        void Divide(List<uint> unanswered, Problem? problem, uint? endedAt)
        {
            switch (unanswered)
            {
                case []:
                    break;
                case [var uid]:
                    failed[uid] = problem ?? Silent;
                    break;
                case { Count: > 2 } when guesses && endedAt is { } uid && unanswered.Contains(uid):
                    sets.Push([.. unanswered.Where(one => one != uid)]);
                    sets.Push([uid]);
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

    /// <summary>For those of <see cref="IsolatedFetch{T}.Left"/>.</summary>
    public static Problem NotAsked { get; } = new(
        ErrorCode.AccountProtocol, "The mail server cannot answer for several of the messages that were asked for together with this one. It is asked for this one again.");

    private static List<uint> Missing<T>(IEnumerable<uint> uids, Dictionary<uint, T> found) => [.. uids.Where(uid => !found.ContainsKey(uid)).Order()];

    /// <returns>Why not all of them were answered, if it was a failure that may be that of one message; and the message that the answer ended at, if some came before it.</returns>
    private async Task<(ProblemException? Failure, uint? EndedAt)> TryAsync<T>(
        ISessionRunner runner, IReadOnlyCollection<uint> uids, bool repeatable, TimeSpan patience, Dictionary<uint, T> found, Func<ImapSession, IReadOnlyCollection<uint>, Task<IReadOnlyDictionary<uint, T>>> fetch, CancellationToken cancel)
    {
        ImapSession? used = null;
        try
        {
            var answers = await runner.RunAsync(
                path,
                repeatable,
                async session =>
                {
                    used = session;
                    session.Answered.Clear();
                    using var _ = session.Await(patience);
                    return await fetch(session, uids);
                },
                cancel);
            foreach (var (uid, one) in answers)
            {
                found[uid] = one;
            }
            return default;
        }
        catch (ProblemException e) when (MayBeOfOneMessage(e))
        {
            // Servers answer in the order of the messages.
            var answered = used?.Answered ?? [];
            return (e, uids.Any(answered.Contains) ? uids.Order().Where(uid => !answered.Contains(uid)).Select(uid => (uint?)uid).FirstOrDefault() : null);
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

    /// <summary>Those that the server has: of a message that was expunged meanwhile nothing comes either.</summary>
    /// <param name="failed">By uid.</param>
    /// <exception cref="ProblemException">The server does not answer.</exception>
    public async Task<IReadOnlyDictionary<uint, Problem>> ThereAsync(IReadOnlyDictionary<uint, Problem> failed, CancellationToken cancel) =>
        failed.Count == 0 ? failed : (await ThereAsync([.. failed.Keys], failure: null, cancel)).ToDictionary(uid => uid, uid => failed[uid]);

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
