using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>Headers of messages of one account: from the cache, and by one FETCH for all that it lacks.</summary>
public sealed class HeaderReader(HeaderCache cache, ImapPool pool, string incarnation)
{
    /// <summary>Without waiting for anything; null where that is not enough.</summary>
    public MessageHeaders? Known(ulong mailbox, uint uidValidity, uint uid) => cache.Get(incarnation, new HeaderKey(mailbox, uidValidity, uid));

    /// <param name="runner">Where the server is asked; null: the pool.</param>
    /// <returns>By uid; a message that has gone meanwhile is missing.</returns>
    public async Task<IReadOnlyDictionary<uint, MessageHeaders>> ReadAsync(
        ulong mailbox, string path, uint uidValidity, IReadOnlyCollection<uint> uids, CancellationToken cancel, ISessionRunner? runner = null)
    {
        var headers = new Dictionary<uint, MessageHeaders>(uids.Count);
        List<HeaderKey>? missing = null;
        foreach (var uid in uids)
        {
            var key = new HeaderKey(mailbox, uidValidity, uid);
            if (cache.Get(incarnation, key) is { } known)
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
                var fetched = await FetchAsync(runner ?? pool, path, uidValidity, unknown, cancel);
                cache.Put(incarnation, [.. fetched.Select(one => KeyValuePair.Create(new HeaderKey(mailbox, uidValidity, one.Key), one.Value))]);
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

    /// <summary>Messages lie elsewhere now; what is known of them goes along.</summary>
    public void Moved(IReadOnlyCollection<(HeaderKey From, HeaderKey To)> moves) => cache.Move(incarnation, moves);

    /// <summary>Messages are no more.</summary>
    public void Removed(IReadOnlyCollection<HeaderKey> keys) => cache.Drop(incarnation, keys);

    /// <summary>One message that the server or the parser chokes on must not take the others of its page along: it is found by halving.</summary>
    private async Task<IReadOnlyDictionary<uint, MessageHeaders>> FetchAsync(ISessionRunner runner, string path, uint uidValidity, List<uint> uids, CancellationToken cancel)
    {
        try
        {
            return await runner.RunAsync(path, repeatable: true, session => HeaderFetch.RunAsync(session, path, uidValidity, uids, previews: true), cancel);
        }
        catch (ProblemException e) when (e.Code == ErrorCode.AccountProtocol && uids.Count > 1)
        {
            var first = await FetchAsync(pool, path, uidValidity, [.. uids.Take(uids.Count / 2)], cancel);
            var second = await FetchAsync(pool, path, uidValidity, [.. uids.Skip(uids.Count / 2)], cancel);
            return first.Concat(second).ToDictionary();
        }
        catch (ProblemException e) when (e.Code == ErrorCode.AccountProtocol)
        {
            var plain = await pool.RunAsync(path, repeatable: true, session => HeaderFetch.PlainAsync(session, path, uidValidity, uids[0]), cancel);
            return plain is null ? new Dictionary<uint, MessageHeaders>() : new Dictionary<uint, MessageHeaders> { [uids[0]] = plain };
        }
    }
}
