using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>
/// Encodes flag sets as bytes: each name is its length and its UTF-8. Equal bytes give the same instance, so that a hundred thousand messages share a few dozen. The bytes are the key, not the
/// set: sets that differ only in case are equal, but one account must not get the spelling of another.
/// </summary>
public static class FlagSets
{
    private const int MaxShared = 4096;
    private const int MaxSharedLength = 512;

    private static readonly ConcurrentDictionary<byte[], Flags> Shared = new(new ByBytes());
    private static readonly ConcurrentDictionary<byte[], Flags>.AlternateLookup<ReadOnlySpan<byte>> SharedBySpan = Shared.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Compares flag sets that are equal only if they have the same spelling.</summary>
    public static IEqualityComparer<Flags> BySpelling { get; } = EqualityComparer<Flags>.Create(SpelledAlike, HashOfSpelling);

    public static void Encode(Flags flags, VarintWriter bytes)
    {
        for (var i = 0; i < flags.Count; i++)
        {
            bytes.WriteText(flags[i]);
        }
    }

    public static Flags Decode(ReadOnlySpan<byte> encoded)
    {
        if (SharedBySpan.TryGetValue(encoded, out var known))
        {
            return known;
        }
        var key = encoded.ToArray();
        var flags = Parse(key);
        if (key.Length > MaxSharedLength)
        {
            return flags;
        }
        if (Shared.Count >= MaxShared)
        {
            Shared.Clear();
        }
        return Shared.GetOrAdd(key, flags);
    }

    private static Flags Parse(byte[] encoded)
    {
        var bytes = new VarintReader(encoded, 0, encoded.Length);
        var names = new List<string>();
        while (bytes.Left > 0)
        {
            names.Add(bytes.ReadText());
        }
        return Flags.Of(names);
    }

    private static bool SpelledAlike(Flags? left, Flags? right) => ReferenceEquals(left, right) || (left is not null && right is not null && left.SequenceEqual(right));

    private static int HashOfSpelling(Flags flags)
    {
        var hash = flags.Count;
        for (var i = 0; i < flags.Count; i++)
        {
            hash = HashCode.Combine(hash, flags[i]);
        }
        return hash;
    }

    private sealed class ByBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

        public int GetHashCode([DisallowNull] byte[] key) => GetHashCode(key.AsSpan());

        public bool Equals(ReadOnlySpan<byte> span, byte[] key) => span.SequenceEqual(key);

        public int GetHashCode(ReadOnlySpan<byte> span)
        {
            var hash = new HashCode();
            hash.AddBytes(span);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> span) => span.ToArray();
    }
}
