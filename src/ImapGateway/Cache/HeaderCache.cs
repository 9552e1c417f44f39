using ImapGateway.Mail;
using Microsoft.Extensions.Caching.Memory;

namespace ImapGateway.Cache;

/// <summary>What of a message never changes, by where it lies. Losing an entry costs time, never correctness.</summary>
public sealed class HeaderCache(TimeProvider time) : IDisposable
{
    private const long MemoryBytes = 64L << 20;

    private readonly MemoryCache _memory = new(new MemoryCacheOptions { SizeLimit = MemoryBytes, Clock = new Clock(time), CompactionPercentage = 0.1 });

    private sealed record Key(string Incarnation, ulong Mailbox, uint UidValidity, uint Uid);

    private sealed class Clock(TimeProvider time) : Microsoft.Extensions.Internal.ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }

    public MessageHeaders? Get(string incarnation, ulong mailbox, uint uidValidity, uint uid) =>
        _memory.TryGetValue(new Key(incarnation, mailbox, uidValidity, uid), out MessageHeaders? headers) ? headers : null;

    public void Put(string incarnation, ulong mailbox, uint uidValidity, uint uid, MessageHeaders headers) =>
        _memory.Set(new Key(incarnation, mailbox, uidValidity, uid), headers, new MemoryCacheEntryOptions { Size = SizeOf(headers) });

    /// <summary>Forgets an account.</summary>
    public void Clear(string incarnation)
    {
        foreach (var key in _memory.Keys.OfType<Key>().Where(key => key.Incarnation == incarnation))
        {
            _memory.Remove(key);
        }
    }

    /// <summary>Bytes on the heap, roughly: strings are two bytes a character, every object costs a header.</summary>
    private static long SizeOf(MessageHeaders headers)
    {
        long size = 500 + Text(headers.Subject) + Text(headers.MessageId);
        foreach (var list in new[] { headers.From, headers.Sender, headers.ReplyTo, headers.To, headers.Cc, headers.Bcc })
        {
            size += list.Sum(address => 40 + Text(address.Name) + Text(address.Address));
        }
        size += headers.References.Concat(headers.InReplyTo).Sum(Text);
        return size + headers.Parts.Sum(part => 150 + Text(part.Filename) + Text(part.ContentId));
    }

    private static long Text(string? text) => text is null ? 0 : 24 + 2 * text.Length;

    public void Dispose() => _memory.Dispose();
}
