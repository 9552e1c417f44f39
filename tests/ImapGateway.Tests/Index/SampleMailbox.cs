using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Index;

/// <summary>
/// A mailbox such as people have: gaps where messages were deleted, ids shared with other mailboxes, 70 % seen, modSeqs that tell when flags were last
/// changed. The same for the same seed.
/// </summary>
public static class SampleMailbox
{
    private static readonly string[] Keywords = ["$Forwarded", "NonJunk", "$label1", "$label3", "Invoices", "$MDNSent"];

    public static IndexRow[] Rows(int count, int seed = 1, bool fingerprints = false)
    {
        var random = new Random(seed);
        var identities = new Random(seed + 1);
        var rows = new IndexRow[count];
        var (uid, id, modSeq) = (0u, 0UL, 0UL);
        for (var i = 0; i < count; i++)
        {
            uid += random.Next(100) switch { < 80 => 1u, < 99 => (uint)random.Next(2, 9), _ => (uint)random.Next(9, 2000) };
            id += random.Next(100) < 70 ? 1UL : (ulong)random.Next(2, 12);
            modSeq += (ulong)random.Next(1, 4);
            var flags = NewFlags(random);
            rows[i] = new IndexRow(uid, id, flags, flags.Count == 0 ? modSeq : modSeq + (ulong)random.Next(random.Next(4) == 0 ? 200_000 : 200), fingerprints ? (ulong)identities.NextInt64(2, long.MaxValue) : 0);
        }
        return rows;
    }

    private static Flags NewFlags(Random random)
    {
        var names = new List<string>();
        if (random.Next(100) < 70)
        {
            names.Add(Flags.Seen);
            if (random.Next(100) < 15)
            {
                names.Add(Flags.Answered);
            }
        }
        if (random.Next(100) < 4)
        {
            names.Add(Flags.Flagged);
        }
        if (random.Next(100) < 8)
        {
            names.Add(Keywords[random.Next(Keywords.Length)]);
        }
        return Flags.Of(names);
    }
}
