using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>Reads headers of messages of one account from the cache, and by one FETCH for those that it lacks. A message that the mail server cannot answer for is a placeholder.</summary>
public sealed class HeaderReader(HeaderCache cache, ImapPool pool, string incarnation)
{
    private readonly UnreadableMessages _unreadable = new(pool.Time);

    /// <summary>Called with the problem of one of the messages that cannot be read, and with null when there are none any more.</summary>
    public Action<Problem?>? UnreadableChanged { get; set; }

    /// <summary>Returns headers without waiting; null if they are not in memory.</summary>
    public MessageHeaders? Known(ulong mailbox, uint uidValidity, uint uid) => cache.Get(incarnation, new HeaderKey(mailbox, uidValidity, uid));

    /// <param name="runner">The runner for requests to the server; null for the pool.</param>
    /// <returns>The headers by uid. A missing message no longer exists, as the server has confirmed. See <see cref="MessageHeaders.Problem"/> for data that the server could not give.</returns>
    public async Task<IReadOnlyDictionary<uint, MessageHeaders>> ReadAsync(
        ulong mailbox, string path, uint uidValidity, IReadOnlyCollection<uint> uids, CancellationToken cancel, ISessionRunner? runner = null)
    {
        var headers = new Dictionary<uint, MessageHeaders>(uids.Count);
        List<HeaderKey>? missing = null;
        foreach (var uid in uids)
        {
            var key = new HeaderKey(mailbox, uidValidity, uid);
            if ((cache.Get(incarnation, key) ?? _unreadable.Find(key)) is { } known)
            {
                headers[uid] = known;
            }
            else
            {
                (missing ??= []).Add(key);
            }
        }
        var (inMemory, atServer) = (headers.Count, 0);
        if (missing is not null)
        {
            foreach (var (key, found) in await cache.FindAsync(incarnation, missing))
            {
                headers[key.Uid] = found;
            }
            var unknown = missing.ConvertAll(key => key.Uid).FindAll(uid => !headers.ContainsKey(uid));
            if (unknown.Count > 0)
            {
                // A caller that stops waiting abandons only the result: the next caller need not identify the bad messages again.
                var fetching = FetchAsync(mailbox, path, uidValidity, unknown, runner ?? pool);
                _ = fetching.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                var fetched = await fetching.WaitAsync(cancel);
                foreach (var (uid, one) in fetched)
                {
                    headers[uid] = one;
                }
                atServer = fetched.Count;
            }
        }
        cache.Found(inMemory, atServer);
        return headers;
    }

    /// <summary>Moves the cached data of messages to their new locations.</summary>
    public void Moved(IReadOnlyCollection<(HeaderKey From, HeaderKey To)> moves)
    {
        Forget(moves.Select(move => move.From));
        cache.Move(incarnation, moves);
    }

    /// <summary>Removes messages that no longer exist.</summary>
    public void Removed(IReadOnlyCollection<HeaderKey> keys)
    {
        Forget(keys);
        cache.Drop(incarnation, keys);
    }

    private async Task<IReadOnlyDictionary<uint, MessageHeaders>> FetchAsync(ulong mailbox, string path, uint uidValidity, List<uint> uids, ISessionRunner runner)
    {
        var fetched = await new IsolatedHeaderFetch(pool, path, uidValidity).RunAsync(runner, uids, CancellationToken.None);
        HeaderKey KeyOf(uint uid) => new(mailbox, uidValidity, uid);
        cache.Put(incarnation, [.. fetched.Headers.Where(one => one.Value.Problem is null).Select(one => KeyValuePair.Create(KeyOf(one.Key), one.Value))]);
        Note(path, fetched, KeyOf);
        return fetched.Headers;
    }

    private void Note(string path, FetchedHeaders fetched, Func<uint, HeaderKey> keyOf)
    {
        var isChanged = false;
        foreach (var (uid, one) in fetched.Headers)
        {
            if (one.Problem is null)
            {
                isChanged |= _unreadable.Remove(keyOf(uid));
            }
            else if (!fetched.Left.Contains(uid))
            {
                _unreadable.Failed(keyOf(uid), path, one);
                isChanged = true;
            }
        }
        Tell(isChanged);
    }

    private void Forget(IEnumerable<HeaderKey> keys) => Tell(keys.Aggregate(false, (isChanged, key) => _unreadable.Remove(key) | isChanged));

    private void Tell(bool isChanged)
    {
        if (isChanged)
        {
            UnreadableChanged?.Invoke(_unreadable.Summary());
        }
    }
}
