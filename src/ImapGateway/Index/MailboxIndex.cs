using System.Buffers;
using System.Collections.Immutable;

namespace ImapGateway.Index;

/// <summary>
/// The messages of one mailbox in uid order, as encoded pages that are decoded on demand. Immutable: <see cref="Apply"/> returns a new index that shares the unchanged pages, and its owner
/// replaces the reference after the changed pages are stored.
/// </summary>
public sealed class MailboxIndex
{
    /// <summary>The number of messages per page. One flag change decodes and writes this many; a lookup decodes half of them.</summary>
    public const int DefaultPageSize = 1000;

    public static readonly MailboxIndex Empty = new([], DefaultPageSize);

    private readonly ImmutableArray<IndexPage> _pages;
    private readonly int _pageSize;

    internal MailboxIndex(ImmutableArray<IndexPage> pages, int pageSize)
    {
        _pages = pages;
        _pageSize = pageSize;
        foreach (var page in pages)
        {
            Count += page.Header.Count;
            Unseen += page.Header.Unseen;
        }
    }

    public int Count { get; }

    /// <summary>The number of messages without $seen.</summary>
    public int Unseen { get; }

    /// <summary>The highest uid; 0 if the index is empty.</summary>
    public uint MaxUid => _pages.IsEmpty ? 0 : _pages[^1].Header.LastUid;

    /// <summary>The uids in ascending order.</summary>
    public IEnumerable<uint> Uids
    {
        get
        {
            foreach (var page in _pages)
            {
                var rows = page.Read();
                while (rows.Next())
                {
                    yield return rows.Uid;
                }
            }
        }
    }

    /// <summary>Creates the index from its pages in any order. The index takes over the bytes.</summary>
    /// <exception cref="InvalidDataException">A page is damaged, or the pages do not belong together.</exception>
    public static MailboxIndex Load(IEnumerable<(int Number, byte[] Data)> pages, int pageSize = DefaultPageSize)
    {
        var parsed = pages.Select(page => IndexPage.Parse(page.Number, page.Data)).OrderBy(page => page.Header.FirstUid).ToImmutableArray();
        for (var i = 1; i < parsed.Length; i++)
        {
            if (parsed[i].Header.FirstUid <= parsed[i - 1].Header.LastUid)
            {
                throw new InvalidDataException($"Index pages {parsed[i - 1].Number} and {parsed[i].Number} overlap.");
            }
        }
        return parsed.DistinctBy(page => page.Number).Count() == parsed.Length
            ? new MailboxIndex(parsed, pageSize)
            : throw new InvalidDataException("Two index pages have the same number.");
    }

    public bool TryGetByUid(uint uid, out IndexRow row)
    {
        var at = PageReaching(uid);
        if (at < _pages.Length && _pages[at].Header.FirstUid <= uid)
        {
            var rows = _pages[at].Read();
            while (rows.Next() && rows.Uid <= uid)
            {
                if (rows.Uid == uid)
                {
                    row = rows.Row;
                    return true;
                }
            }
        }
        row = default;
        return false;
    }

    /// <summary>Finds a message by its id. The newest pages are searched first: ids grow with arrival, except for messages that were moved in.</summary>
    public bool TryGetById(ulong id, out IndexRow row)
    {
        for (var at = _pages.Length - 1; at >= 0; at--)
        {
            if (id < _pages[at].Header.MinId || id > _pages[at].Header.MaxId)
            {
                continue;
            }
            var rows = _pages[at].Read();
            while (rows.Next())
            {
                if (rows.Id == id)
                {
                    row = rows.Row;
                    return true;
                }
            }
        }
        row = default;
        return false;
    }

    /// <summary>Returns all messages whose fingerprint is one of these, oldest first. Decodes only the pages that have some.</summary>
    public IEnumerable<IndexRow> FindByFingerprint(IReadOnlySet<ulong> fingerprints)
    {
        ulong? only = fingerprints.Count == 1 ? fingerprints.First() : null;
        foreach (var page in fingerprints.Count == 0 ? [] : _pages)
        {
            if (!(only is { } one ? page.Fingerprints.Contains(one) : page.Fingerprints.ContainsAny(fingerprints)))
            {
                continue;
            }
            var rows = page.Read();
            while (rows.Next())
            {
                if (fingerprints.Contains(rows.Fingerprint))
                {
                    yield return rows.Row;
                }
            }
        }
    }

    /// <summary>Returns the newest messages whose fingerprint was not computed yet, newest first. Decodes only the pages that have some.</summary>
    /// <param name="below">The upper limit: only lower uids are returned.</param>
    public IEnumerable<uint> WithoutFingerprint(uint below = uint.MaxValue)
    {
        for (var at = _pages.Length - 1; at >= 0; at--)
        {
            var page = _pages[at];
            if (page.Header.FirstUid >= below || (page.Fingerprints.Length > 0 && !page.Fingerprints.Contains(Fingerprint.Unknown)))
            {
                continue;
            }
            var uids = new Stack<uint>();
            var rows = page.Read();
            while (rows.Next() && rows.Uid < below)
            {
                if (rows.Fingerprint == Fingerprint.Unknown)
                {
                    uids.Push(rows.Uid);
                }
            }
            while (uids.TryPop(out var uid))
            {
                yield return uid;
            }
        }
    }

    /// <summary>Returns messages with uids less than <paramref name="below"/>, newest first; null begins with the newest. Decodes a page when it is reached.</summary>
    public IEnumerable<IndexRow> Descending(uint? below = null)
    {
        var top = below is { } bound ? Math.Min(PageReaching(bound), _pages.Length - 1) : _pages.Length - 1;
        for (var at = top; at >= 0; at--)
        {
            var count = _pages[at].Header.Count;
            var rows = ArrayPool<IndexRow>.Shared.Rent(count);
            try
            {
                _pages[at].CopyTo(rows);
                for (var i = count - 1; i >= 0; i--)
                {
                    if (below is null || rows[i].Uid < below)
                    {
                        yield return rows[i];
                    }
                }
            }
            finally
            {
                ArrayPool<IndexRow>.Shared.Return(rows);
            }
        }
    }

    /// <summary>Returns messages from <paramref name="from"/> on, oldest first.</summary>
    public IEnumerable<IndexRow> Ascending(uint from = 0)
    {
        for (var at = PageReaching(from); at < _pages.Length; at++)
        {
            var rows = _pages[at].Read();
            while (rows.Next())
            {
                if (rows.Uid >= from)
                {
                    yield return rows.Row;
                }
            }
        }
    }

    /// <summary>Returns the existing messages with these uids, in the same order. Decodes no page twice.</summary>
    /// <param name="ascending">The uids in ascending order, each once.</param>
    public IEnumerable<IndexRow> Find(IEnumerable<uint> ascending)
    {
        using var wanted = ascending.GetEnumerator();
        for (var more = wanted.MoveNext(); more;)
        {
            var at = PageReaching(wanted.Current);
            if (at == _pages.Length)
            {
                yield break;
            }
            var rows = _pages[at].Read();
            var left = rows.Next();
            for (; more && wanted.Current <= _pages[at].Header.LastUid; more = wanted.MoveNext())
            {
                while (left && rows.Uid < wanted.Current)
                {
                    left = rows.Next();
                }
                if (left && rows.Uid == wanted.Current)
                {
                    yield return rows.Row;
                }
            }
        }
    }

    /// <summary>
    /// Adds messages anywhere, replaces those whose uid is known, and removes others; all in any order. Of two upserts of a uid the later one counts, a removal has precedence over both, and
    /// removing an unknown uid changes nothing. An id belongs to one uid: the caller must ensure that.
    /// </summary>
    public IndexUpdate Apply(IReadOnlyCollection<IndexRow> upserts, IReadOnlyCollection<uint> removed)
    {
        var changes = new Dictionary<uint, IndexRow?>(upserts.Count + removed.Count);
        foreach (var row in upserts)
        {
            ArgumentOutOfRangeException.ThrowIfZero(row.Uid, nameof(upserts));
            changes[row.Uid] = row;
        }
        foreach (var uid in removed)
        {
            changes[uid] = null;
        }
        return new IndexRewrite(_pages, _pageSize).Run(changes.OrderBy(change => change.Key).ToArray());
    }

    /// <summary>Returns the first page that ends at this uid or after it.</summary>
    private int PageReaching(uint uid)
    {
        var (low, high) = (0, _pages.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _pages[middle].Header.LastUid < uid ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
