using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>Headers of messages of one account: from the cache, and by one FETCH for all that it lacks.</summary>
public sealed class HeaderReader(HeaderCache cache, ImapPool pool, string incarnation)
{
    /// <summary>Without asking the server; null where it would have to be asked.</summary>
    public MessageHeaders? Known(ulong mailbox, uint uidValidity, uint uid) => cache.Get(incarnation, mailbox, uidValidity, uid);

    /// <param name="runner">Where the server is asked; null: the pool.</param>
    /// <returns>By uid; a message that has gone meanwhile is missing.</returns>
    public async Task<IReadOnlyDictionary<uint, MessageHeaders>> ReadAsync(
        ulong mailbox, string path, uint uidValidity, IReadOnlyCollection<uint> uids, CancellationToken cancel, ISessionRunner? runner = null)
    {
        var headers = new Dictionary<uint, MessageHeaders>(uids.Count);
        List<uint>? missing = null;
        foreach (var uid in uids)
        {
            if (cache.Get(incarnation, mailbox, uidValidity, uid) is { } known)
            {
                headers[uid] = known;
            }
            else
            {
                (missing ??= []).Add(uid);
            }
        }
        if (missing is not null)
        {
            foreach (var (uid, fetched) in await FetchAsync(runner ?? pool, path, uidValidity, missing, cancel))
            {
                cache.Put(incarnation, mailbox, uidValidity, uid, fetched);
                headers[uid] = fetched;
            }
        }
        return headers;
    }

    /// <summary>The message lies elsewhere now; what is known of it goes along.</summary>
    public void Moved(ulong fromMailbox, uint fromUidValidity, uint fromUid, ulong toMailbox, uint toUidValidity, uint toUid)
    {
        if (cache.Get(incarnation, fromMailbox, fromUidValidity, fromUid) is { } headers)
        {
            cache.Put(incarnation, toMailbox, toUidValidity, toUid, headers);
        }
    }

    /// <summary>One message that the server or the parser chokes on must not take the others of its page along: it is found by halving.</summary>
    private async Task<IReadOnlyDictionary<uint, MessageHeaders>> FetchAsync(ISessionRunner runner, string path, uint uidValidity, List<uint> uids, CancellationToken cancel)
    {
        try
        {
            return await runner.RunAsync(path, repeatable: true, session => HeaderFetch.RunAsync(session, path, uidValidity, uids), cancel);
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
