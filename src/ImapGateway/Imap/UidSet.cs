using MailKit;
using MailKit.Search;

namespace ImapGateway.Imap;

/// <summary>
/// Builds the set of uids of a command (RFC 3501 section 9, sequence-set). Sets are sent in ascending order: Courier answers a descending range (30:26) with nothing, others with BAD.
/// </summary>
public static class UidSet
{
    /// <param name="uids">The uids in any order.</param>
    public static UniqueIdSet Ascending(IEnumerable<UniqueId> uids)
    {
        var set = new UniqueIdSet(SortOrder.Ascending);
        set.AddRange(uids.Order());
        return set;
    }

    /// <inheritdoc cref="Ascending(IEnumerable{UniqueId})"/>
    public static UniqueIdSet Ascending(IEnumerable<uint> uids) => Ascending(uids.Select(uid => new UniqueId(uid)));
}
