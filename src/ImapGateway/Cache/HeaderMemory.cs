using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>
/// Caches headers of all accounts up to a limit of bytes. Entries that are read only once are removed before entries that are read again (SIEVE: one queue in order of arrival, and a hand that
/// spares the entries that were read since its last pass), so that reading through an old mailbox does not remove the newest pages of other mailboxes.
/// <para>MemoryCache would make an object of every key that is looked up, and refuse new entries while it is full; other caches count entries, not bytes.</para>
/// </summary>
/// <param name="maxBytes">The maximum number of bytes, see <see cref="HeaderSize"/>; 0 keeps nothing.</param>
public sealed class HeaderMemory(long maxBytes)
{
    /// <summary>The maximum number of entries that are removed each time the lock is taken, when an account is cleared.</summary>
    private const int Batch = 100;

    private readonly ConcurrentDictionary<string, Shelf> _shelves = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Entry? _newest;
    private Entry? _oldest;
    private Entry? _hand;
    private long _bytes;

    /// <summary>The number of bytes in the cache now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Finds headers without taking a lock or allocating an object.</summary>
    public bool TryGet(string incarnation, in HeaderKey key, [MaybeNullWhen(false)] out MessageHeaders headers)
    {
        if (_shelves.TryGetValue(incarnation, out var shelf) && shelf.Entries.TryGetValue(key, out var entry))
        {
            entry.Visited = true;
            headers = entry.Headers;
            return true;
        }
        headers = null;
        return false;
    }

    public void Put(string incarnation, in HeaderKey key, MessageHeaders headers)
    {
        var size = HeaderSize.Of(headers);
        if (size > maxBytes)
        {
            return;
        }
        var shelf = _shelves.GetOrAdd(incarnation, static _ => new Shelf());
        lock (_gate)
        {
            if (shelf.IsCleared)
            {
                return;
            }
            if (shelf.Entries.TryGetValue(key, out var before))
            {
                Remove(before);
            }
            while (_bytes + size > maxBytes)
            {
                Evict();
            }
            Add(new Entry(shelf, key, headers, size));
        }
    }

    public void Drop(string incarnation, in HeaderKey key)
    {
        if (_shelves.TryGetValue(incarnation, out var shelf) && shelf.Entries.ContainsKey(key))
        {
            lock (_gate)
            {
                if (shelf.Entries.TryGetValue(key, out var entry))
                {
                    Remove(entry);
                }
            }
        }
    }

    /// <summary>Removes all data of an account. From the first moment none of it is found; other callers wait for a few of its entries at most.</summary>
    public void Clear(string incarnation)
    {
        if (!_shelves.TryRemove(incarnation, out var shelf))
        {
            return;
        }
        lock (_gate)
        {
            shelf.IsCleared = true;
        }
        foreach (var batch in shelf.Entries.Select(one => one.Value).Chunk(Batch))
        {
            lock (_gate)
            {
                foreach (var entry in batch.Where(entry => shelf.Entries.ContainsKey(entry.Key)))
                {
                    Remove(entry);
                }
            }
        }
    }

    private void Add(Entry entry)
    {
        entry.Shelf.Entries[entry.Key] = entry;
        entry.Older = _newest;
        if (_newest is null)
        {
            _oldest = entry;
        }
        else
        {
            _newest.Newer = entry;
        }
        _newest = entry;
        _bytes += entry.Size;
    }

    private void Remove(Entry entry)
    {
        entry.Shelf.Entries.TryRemove(entry.Key, out _);
        if (_hand == entry)
        {
            _hand = entry.Newer;
        }
        (_oldest, _newest) = (_oldest == entry ? entry.Newer : _oldest, _newest == entry ? entry.Older : _newest);
        if (entry.Newer is { } newer)
        {
            newer.Older = entry.Older;
        }
        if (entry.Older is { } older)
        {
            older.Newer = entry.Newer;
        }
        _bytes -= entry.Size;
    }

    private void Evict()
    {
        var entry = _hand ?? _oldest!;
        while (entry.Visited)
        {
            entry.Visited = false;
            entry = entry.Newer ?? _oldest!;
        }
        _hand = entry;
        Remove(entry);
    }

    /// <summary>The entries of one account.</summary>
    private sealed class Shelf
    {
        public ConcurrentDictionary<HeaderKey, Entry> Entries { get; } = new(concurrencyLevel: 1, capacity: 7);

        public bool IsCleared { get; set; }
    }

    private sealed class Entry(Shelf shelf, HeaderKey key, MessageHeaders headers, int size)
    {
        public Shelf Shelf => shelf;
        public HeaderKey Key => key;
        public MessageHeaders Headers => headers;
        public int Size => size;
        public bool Visited { get; set; }
        public Entry? Newer { get; set; }
        public Entry? Older { get; set; }
    }
}
