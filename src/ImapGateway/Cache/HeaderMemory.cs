using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>
/// Headers of all accounts, bounded by bytes. What is read only once goes before what is read again (SIEVE: one queue in order of arrival, and a hand that
/// spares what was read since it last came by), so that a look through an old mailbox does not cost others their newest pages.
/// <para>MemoryCache would make an object of every key that is looked up, and refuse what is new while it is full; other caches count entries, not bytes.</para>
/// </summary>
/// <param name="maxBytes">See <see cref="HeaderSize"/>; 0: nothing is kept.</param>
public sealed class HeaderMemory(long maxBytes)
{
    /// <summary>Entries that are let go in one turn of the lock, when an account is cleared.</summary>
    private const int Batch = 100;

    private readonly ConcurrentDictionary<string, Shelf> _shelves = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Entry? _newest;
    private Entry? _oldest;
    private Entry? _hand;
    private long _bytes;

    /// <summary>Bytes that are held now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Takes no lock and makes no object.</summary>
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

    /// <summary>Forgets an account. From the first moment nothing of it is found; others wait for a few of its entries at most.</summary>
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

    /// <summary>Of one account.</summary>
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
