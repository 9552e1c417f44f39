using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>The headers of many messages.</summary>
/// <param name="Headers">The headers by uid. A missing message no longer exists, as the server has confirmed. A message with a problem is a placeholder, wholly or in part.</param>
/// <param name="Left">The messages among them that were not fetched one by one, because too many others had failed. They are likely to be good.</param>
public sealed record FetchedHeaders(IReadOnlyDictionary<uint, MessageHeaders> Headers, IReadOnlyCollection<uint> Left);

/// <summary>Reads the headers of many messages of a mailbox, any of which the mail server may be unable to answer for.</summary>
/// <param name="pool">The pool on which messages are fetched again.</param>
/// <param name="path">The mailbox.</param>
/// <param name="uidValidity">The UIDVALIDITY that the uids belong to.</param>
public sealed class IsolatedHeaderFetch(ImapPool pool, string path, uint uidValidity)
{
    private readonly FetchIsolation _isolation = new(pool, path, uidValidity);

    /// <param name="runner">The runner on which all messages are fetched at once.</param>
    /// <exception cref="ProblemException">The server cannot be reached, or denies access.</exception>
    public async Task<FetchedHeaders> RunAsync(ISessionRunner runner, IReadOnlyCollection<uint> uids, CancellationToken cancel)
    {
        var fetched = await _isolation.RunAsync(runner, uids, (session, some) => HeaderFetch.RunAsync(session, path, uidValidity, some, previews: true), cancel);
        var headers = fetched.Found.ToDictionary();
        var problems = fetched.Failed.Concat(fetched.Left.Select(uid => KeyValuePair.Create(uid, FetchIsolation.NotAsked))).ToDictionary();
        if (problems.Count > 0)
        {
            foreach (var (uid, placeholder) in await PlaceholdersAsync(problems, cancel))
            {
                headers[uid] = fetched.Failed.ContainsKey(uid) ? await PlainAsync(uid, placeholder, cancel) : placeholder;
            }
        }
        foreach (var (uid, one) in headers.Where(one => one.Value.Problem == SummaryMapping.NoStructure).ToList())
        {
            if (await WithStructureAsync(uid, one, cancel) is { } whole)
            {
                headers[uid] = whole;
            }
            else
            {
                headers.Remove(uid);
            }
        }
        var left = fetched.Left.ToHashSet();
        var incomplete = headers.Where(one => one.Value.Problem is null && !HeaderFetch.IsComplete(one.Value)).Select(one => one.Key).ToList();
        if (incomplete.Count > 0)
        {
            // The session of the runner may have ended with a message that failed.
            left.UnionWith(await CompleteAsync(problems.Count == 0 ? runner : pool, headers, incomplete, cancel));
        }
        foreach (var (uid, one) in headers.ToList())
        {
            headers[uid] = SummaryMapping.WithUnknown(one);
        }
        // A message that was expunged meanwhile is not a bad message.
        var bad = headers.Where(one => one.Value.Problem is not null && !left.Contains(one.Key)).ToDictionary(one => one.Key, one => one.Value.Problem!);
        var there = await _isolation.ThereAsync(bad, cancel);
        foreach (var uid in bad.Keys.Where(uid => !there.ContainsKey(uid)))
        {
            headers.Remove(uid);
        }
        return new FetchedHeaders(headers, left);
    }

    /// <summary>Adds the data that the header and the structure do not contain: file names, the use of pictures, the preview.</summary>
    /// <returns>The messages that were not fetched one by one.</returns>
    private async Task<IReadOnlyCollection<uint>> CompleteAsync(ISessionRunner runner, Dictionary<uint, MessageHeaders> headers, List<uint> uids, CancellationToken cancel)
    {
        var completed = await _isolation.RunAsync(
            runner, uids, (session, some) => HeaderFetch.CompleteAsync(session, path, uidValidity, some.ToDictionary(uid => uid, uid => headers[uid])), cancel);
        foreach (var uid in uids)
        {
            if (completed.Found.TryGetValue(uid, out var complete))
            {
                headers[uid] = complete;
            }
            else if (completed.Failed.TryGetValue(uid, out var problem) || completed.Left.Contains(uid))
            {
                headers[uid] = headers[uid] with { Preview = headers[uid].Preview ?? "", Problem = problem ?? FetchIsolation.NotAsked };
            }
            else
            {
                headers.Remove(uid);
            }
        }
        return completed.Left;
    }

    private async Task<IEnumerable<KeyValuePair<uint, MessageHeaders>>> PlaceholdersAsync(Dictionary<uint, Problem> problems, CancellationToken cancel)
    {
        IReadOnlyDictionary<uint, (DateTimeOffset? ReceivedAt, long? Size)> known;
        try
        {
            known = await pool.RunAsync(path, repeatable: false, session => HeaderFetch.BasicAsync(session, path, uidValidity, problems.Keys), cancel);
        }
        catch (ProblemException e) when (FetchIsolation.MayBeOfOneMessage(e))
        {
            // The server does not answer at all for one of them. If it cannot be reached any more, the failures were not those of messages.
            await pool.RunAsync(path, repeatable: true, session => FetchIsolation.ThereAsync(session, path, uidValidity, problems.Keys), cancel);
            known = new Dictionary<uint, (DateTimeOffset?, long?)>();
        }
        return problems.Select(one => KeyValuePair.Create(one.Key, MessageHeaders.Placeholder(known.GetValueOrDefault(one.Key).ReceivedAt, known.GetValueOrDefault(one.Key).Size, one.Value)));
    }

    /// <summary>Adds the structure, which is read from the message itself.</summary>
    /// <returns>Null if the message no longer exists.</returns>
    private async Task<MessageHeaders?> WithStructureAsync(uint uid, MessageHeaders headers, CancellationToken cancel)
    {
        try
        {
            var structure = await StructureFetch.RunAsync(pool, path, uidValidity, uid, headers.Size, cancel);
            return headers with { Parts = MessageStructure.Of(structure), Multiparts = MessageStructure.MultipartsOf(structure), Problem = null };
        }
        catch (ProblemException e) when (e.Code == ErrorCode.Gone)
        {
            return null;
        }
        catch (ProblemException e)
        {
            return headers with { Preview = headers.Preview ?? "", Problem = e.Problem };
        }
    }

    /// <summary>Reads only data that need no parsing by the server and none by MailKit, because the server may have refused the structure, or MailKit may not have understood it.</summary>
    /// <returns>The placeholder if even these data are not available.</returns>
    private async Task<MessageHeaders> PlainAsync(uint uid, MessageHeaders placeholder, CancellationToken cancel)
    {
        try
        {
            return await pool.RunAsync(path, repeatable: false, session => HeaderFetch.PlainAsync(session, path, uidValidity, uid, placeholder), cancel);
        }
        catch (ProblemException e) when (FetchIsolation.MayBeOfOneMessage(e))
        {
            return placeholder;
        }
    }
}
