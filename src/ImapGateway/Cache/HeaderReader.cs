using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>Headers of messages of one account: from the cache, and by one FETCH for all that it lacks.</summary>
public sealed class HeaderReader(HeaderCache cache, ImapPool pool, string incarnation)
{
    /// <returns>By uid; a message that has gone meanwhile is missing.</returns>
    public async Task<IReadOnlyDictionary<uint, MessageHeaders>> ReadAsync(
        ulong mailbox, string path, uint uidValidity, IReadOnlyCollection<uint> uids, CancellationToken cancel)
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
            foreach (var (uid, fetched) in await pool.RunAsync(path, repeatable: true, session => HeaderFetch.RunAsync(session, path, uidValidity, missing), cancel))
            {
                cache.Put(incarnation, mailbox, uidValidity, uid, fetched);
                headers[uid] = fetched;
            }
        }
        return headers;
    }
}
