using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace ImapGateway.Index;

/// <summary>
/// Applies changes in uid order in one pass over the pages of an index, oldest first, and changes no page unnecessarily. The last page is filled up to the page size and then stays unchanged.
/// Others may grow to half as much again before they are split, and a page that has shrunk to a quarter joins the page before it if there is room.
/// </summary>
public sealed class IndexRewrite(ImmutableArray<IndexPage> pages, int pageSize)
{
    private readonly ImmutableArray<IndexPage>.Builder _pages = ImmutableArray.CreateBuilder<IndexPage>(pages.Length + 1);
    private readonly Dictionary<int, byte[]> _written = [];
    private readonly ImmutableArray<int>.Builder _deleted = ImmutableArray.CreateBuilder<int>();
    private int _nextNumber = pages.IsEmpty ? 0 : checked(pages.Max(page => page.Number) + 1);

    /// <param name="changes">The changes by uid, each uid once; null removes it.</param>
    public IndexUpdate Run(ReadOnlySpan<KeyValuePair<uint, IndexRow?>> changes)
    {
        if (pages.IsEmpty)
        {
            Put(null, Merge(null, changes), last: true);
        }
        for (var at = 0; at < pages.Length; at++)
        {
            var last = at == pages.Length - 1;
            var own = last ? changes : Below(changes, pages[at + 1].Header.FirstUid);
            if (own.IsEmpty)
            {
                _pages.Add(pages[at]);
            }
            else
            {
                Rewrite(pages[at], own, last);
            }
            changes = changes[own.Length..];
        }
        return new IndexUpdate(new MailboxIndex(_pages.ToImmutable(), pageSize), [.. _written.Select(page => (page.Key, page.Value))], _deleted.ToImmutable());
    }

    private static ReadOnlySpan<KeyValuePair<uint, IndexRow?>> Below(ReadOnlySpan<KeyValuePair<uint, IndexRow?>> changes, uint uid)
    {
        var count = 0;
        while (count < changes.Length && changes[count].Key < uid)
        {
            count++;
        }
        return changes[..count];
    }

    private void Rewrite(IndexPage page, ReadOnlySpan<KeyValuePair<uint, IndexRow?>> changes, bool last)
    {
        var rows = Merge(page, changes);
        if (rows.Count == 0)
        {
            _deleted.Add(page.Number);
            return;
        }
        var shrunk = rows.Count < page.Header.Count && rows.Count <= pageSize / 4;
        if (shrunk && _pages.Count > 0 && _pages[^1].Header.Count + rows.Count <= Room(last))
        {
            _deleted.Add(page.Number);
            page = _pages[^1];
            _pages.RemoveAt(_pages.Count - 1);
            rows.InsertRange(0, Merge(page, []));
        }
        Put(page, rows, last);
    }

    /// <summary>Merges the page's messages with the changes, by uid.</summary>
    private static List<IndexRow> Merge(IndexPage? page, ReadOnlySpan<KeyValuePair<uint, IndexRow?>> changes)
    {
        var merged = new List<IndexRow>((page?.Header.Count ?? 0) + changes.Length);
        var known = page?.Read() ?? default;
        var more = known.Next();
        foreach (var (uid, row) in changes)
        {
            for (; more && known.Uid < uid; more = known.Next())
            {
                merged.Add(known.Row);
            }
            if (row is { } upsert)
            {
                merged.Add(upsert);
            }
            if (more && known.Uid == uid)
            {
                more = known.Next();
            }
        }
        for (; more; more = known.Next())
        {
            merged.Add(known.Row);
        }
        return merged;
    }

    /// <summary>Stores the rows as one or more pages. The first keeps the old page's number, and stays unchanged if nothing in it is new.</summary>
    private void Put(IndexPage? old, List<IndexRow> rows, bool last)
    {
        var length = rows.Count <= Room(last) ? rows.Count : last ? pageSize : EvenShare(rows.Count);
        for (var rest = CollectionsMarshal.AsSpan(rows); !rest.IsEmpty; rest = rest[Math.Min(length, rest.Length)..])
        {
            var page = IndexPage.Of(old?.Number ?? _nextNumber++, rest[..Math.Min(length, rest.Length)]);
            if (old is not null && page.Data.AsSpan().SequenceEqual(old.Data))
            {
                page = old;
            }
            else
            {
                _written[page.Number] = page.Data;
            }
            _pages.Add(page);
            old = null;
        }
    }

    private int Room(bool last) => last ? pageSize : pageSize + pageSize / 2;

    private int EvenShare(int count)
    {
        var shares = (count + pageSize - 1) / pageSize;
        return (count + shares - 1) / shares;
    }
}
