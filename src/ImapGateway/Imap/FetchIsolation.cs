using ImapGateway.Mail;
using MailKit.Search;

namespace ImapGateway.Imap;

/// <summary>The results of a FETCH for each of the requested messages. A message that is in none of the three no longer exists, as the server has confirmed.</summary>
/// <param name="Found">The answers by uid.</param>
/// <param name="Failed">The messages that the server has but did not answer for, by uid, with the reason.</param>
/// <param name="Left">The messages that the server has, and that were not fetched one by one because too many others had failed.</param>
public sealed record IsolatedFetch<T>(IReadOnlyDictionary<uint, T> Found, IReadOnlyDictionary<uint, Problem> Failed, IReadOnlyCollection<uint> Left);

/// <summary>
/// Runs a FETCH of many messages so that a message that the server cannot answer for does not affect the others: the server may refuse the command, leave the message out of the answer, send data
/// that cannot be parsed, close the connection, or become silent. If the answer shows at which message it ended, that message is fetched alone; otherwise the messages are fetched again in halves.
/// Each of these commands runs on a session of the pool, and after a silence the server has less time for each.
/// </summary>
/// <param name="pool">The pool on which the halves are fetched.</param>
/// <param name="path">The mailbox.</param>
/// <param name="uidValidity">The UIDVALIDITY that the uids belong to.</param>
public sealed class FetchIsolation(ImapPool pool, string path, uint uidValidity)
{
    /// <summary>The maximum number of messages that are isolated in one call. Each takes two commands for every doubling of the number of messages, and perhaps as many logins.</summary>
    public int MostFailed { get; init; } = 8;

    /// <summary>The fraction of the normal answer time that the server has for each command after it was silent once. All steps together take about as long as the first one.</summary>
    private const double ShareOfPatience = 1.0 / 8;

    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(1);

    /// <param name="first">The runner on which all messages are fetched at once.</param>
    /// <param name="uids">At least one uid.</param>
    /// <param name="fetch">Returns the server's answers by uid.</param>
    /// <param name="cancel">Abandons the result, never a running command.</param>
    /// <exception cref="ProblemException">The failure does not concern single messages: the server cannot be reached, or denies access.</exception>
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
        // If even this fails, the failure is the server's, and no message is the cause.
        var there = await ThereAsync(Missing(uids, found), failure, cancel);
        var sets = new Stack<List<uint>>();
        var isProbed = false;
        if (failure is null && there.Count > 0)
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
            // Output that has not left the server yet makes the answer end too early. It is good for one wrong guess.
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
                    // The first half is fetched first.
                    sets.Push(unanswered[half..]);
                    sets.Push(unanswered[..half]);
                    break;
            }
        }
    }

    /// <summary>The problem of a message that the server has, although it answers FETCH with OK and without data.</summary>
    private static Problem Silent { get; } = new(ErrorCode.AccountProtocol, "The mail server has the message, but says nothing about it.");

    /// <summary>The problem of the messages in <see cref="IsolatedFetch{T}.Left"/>.</summary>
    public static Problem NotAsked { get; } = new(
        ErrorCode.AccountProtocol, "The mail server cannot answer for several of the messages that were asked for together with this one. It is asked for this one again.");

    private static List<uint> Missing<T>(IEnumerable<uint> uids, Dictionary<uint, T> found) => [.. uids.Where(uid => !found.ContainsKey(uid)).Order()];

    /// <returns>The reason why not all messages were answered, if it may be the fault of one message; and the message at which the answer ended, if some came before it.</returns>
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
    /// True for a refusal without a code or with a code for a fault, an answer that cannot be parsed, the end of the connection, or silence. Limits and rights do not depend on the message.
    /// </summary>
    public static bool MayBeOfOneMessage(ProblemException failure) => FloodException.In(failure) is null && failure.Code switch
    {
        ErrorCode.AccountProtocol or ErrorCode.AccountUnavailable or ErrorCode.AccountTimeout or ErrorCode.Unprocessable => true,
        ErrorCode.AccountDenied => failure.Problem.Upstream?.Code is null,
        _ => false,
    };

    /// <summary>
    /// Checks that the server answers for any other message, because nothing has been found yet. A server that does not even report the size of other messages answers no FETCH at all, and no
    /// message is the cause.
    /// </summary>
    /// <param name="others">The other messages, some of which are fetched one by one.</param>
    /// <param name="failure">The problem to throw if none of them is answered.</param>
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
                // Another one may be answered.
            }
        }
        throw new ProblemException(failure);
    }

    /// <summary>Selects the failed messages that the server has. A message that was expunged meanwhile gives no answer either.</summary>
    /// <param name="failed">The problems by uid.</param>
    /// <exception cref="ProblemException">The server does not answer.</exception>
    public async Task<IReadOnlyDictionary<uint, Problem>> ThereAsync(IReadOnlyDictionary<uint, Problem> failed, CancellationToken cancel) =>
        failed.Count == 0 ? failed : (await ThereAsync([.. failed.Keys], failure: null, cancel)).ToDictionary(uid => uid, uid => failed[uid]);

    /// <summary>Selects the messages that the server has. SEARCH reads no message data, so the answer does not depend on faults in the messages.</summary>
    /// <param name="failure">The exception to throw if the server does not answer this either.</param>
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

    /// <summary>Selects the messages that the server has.</summary>
    public static async Task<List<uint>> ThereAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity);
        // A SEARCH on an open session answers from the view that the session had.
        await session.Client.NoOpAsync();
        var found = await folder.SearchAsync(SearchQuery.Uids(UidSet.Ascending(uids)));
        return [.. uids.Intersect(found.Select(uid => uid.Id)).Order()];
    }
}
