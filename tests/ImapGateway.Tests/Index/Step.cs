using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Index;

public enum StepKind
{
    Arrive,
    AddAnywhere,
    AddAtTheEdges,
    ChangeFlags,
    ChangeManyFlags,
    RemoveSome,
    RemoveARange,
    RemoveNearlyAll,
    Mix,
}

/// <summary>One call of Apply, still without the mailbox it is for: what it does follows from the seed and the messages there are by then.</summary>
public sealed record Step(StepKind Kind, int Size, int Seed)
{
    private static readonly uint[] Edges = [1, 2, 3, 127, 128, 0x7FFFFFFF, 0x80000000, uint.MaxValue - 2, uint.MaxValue - 1, uint.MaxValue];
    private static readonly ulong[] Numbers = [0, 1, 2, 127, 128, long.MaxValue, (ulong)long.MaxValue + 1, ulong.MaxValue - 1, ulong.MaxValue];

    public (List<IndexRow> Upserts, List<uint> Removed) For(SortedDictionary<uint, IndexRow> model)
    {
        var random = new Random(Seed);
        var uids = model.Keys.ToArray();
        var upserts = new List<IndexRow>();
        var removed = new List<uint>();
        var usedIds = model.Values.Select(row => row.Id).ToHashSet();
        var nextId = usedIds.Append(0UL).Max() + 1;
        switch (Kind)
        {
            case StepKind.Arrive:
                var top = uids.LastOrDefault();
                for (var i = 0; i < Size && top < uint.MaxValue; i++)
                {
                    top += top < uint.MaxValue - 10 ? (uint)random.Next(1, 4) : 1;
                    Upsert(top);
                }
                break;
            case StepKind.AddAnywhere:
                for (var i = 0; i < Size; i++)
                {
                    Upsert((uint)random.Next(1, 2000));
                }
                break;
            case StepKind.AddAtTheEdges:
                Upsert(Edges[random.Next(Edges.Length)]);
                Upsert(Edges[random.Next(Edges.Length)]);
                break;
            case StepKind.ChangeFlags when uids.Length > 0:
                Upsert(uids[random.Next(uids.Length)]);
                break;
            case StepKind.ChangeManyFlags:
                foreach (var uid in uids.Where(_ => random.Next(3) == 0))
                {
                    Upsert(uid);
                }
                break;
            case StepKind.RemoveSome when uids.Length > 0:
                removed.AddRange(Enumerable.Range(0, Size).Select(_ => uids[random.Next(uids.Length)]));
                removed.Add((uint)random.Next());
                break;
            case StepKind.RemoveARange:
                removed.AddRange(uids.Skip(random.Next(uids.Length + 1)).Take(Size));
                break;
            case StepKind.RemoveNearlyAll:
                removed.AddRange(uids.Where(_ => random.Next(10) > 0));
                break;
            case StepKind.Mix:
                for (var i = 0; i < Size; i++)
                {
                    var uid = uids.Length == 0 || random.Next(2) == 0 ? (uint)random.Next(1, 2000) : uids[random.Next(uids.Length)];
                    if (random.Next(2) == 0)
                    {
                        Upsert(uid);
                    }
                    else
                    {
                        removed.Add(uid);
                    }
                }
                break;
            default:
                break;
        }
        return (upserts, removed);

        void Upsert(uint uid)
        {
            var id = model.TryGetValue(uid, out var known) && random.Next(10) > 0 ? known.Id : NewId();
            usedIds.Add(id);
            upserts.Add(new IndexRow(uid, id, NewFlags(random, known.Flags), NewModSeq(random, known.ModSeq), NewFingerprint(random, known.Fingerprint)));
        }

        ulong NewId()
        {
            for (; ; )
            {
                var id = random.Next(4) switch
                {
                    0 => Numbers[random.Next(Numbers.Length)],
                    1 => (ulong)random.NextInt64(),
                    _ => nextId++,
                };
                if (!usedIds.Contains(id))
                {
                    return id;
                }
            }
        }
    }

    private static ulong NewModSeq(Random random, ulong known) => random.Next(4) switch
    {
        0 => Numbers[random.Next(Numbers.Length)],
        1 => (ulong)random.Next(1000),
        2 => known + 1,
        _ => 7,
    };

    /// <summary>Often 0, so that there are pages without any; few others, so that several messages share one.</summary>
    private static ulong NewFingerprint(Random random, ulong known) => random.Next(8) switch
    {
        0 => (ulong)random.Next(10),
        1 => Numbers[random.Next(Numbers.Length)],
        _ => known,
    };

    private static Flags NewFlags(Random random, Flags? known) => random.Next(6) switch
    {
        0 => Flags.None,
        1 => Flags.Of(Flags.Seen),
        2 => Flags.Of(Flags.Seen, Flags.Answered, random.Next(2) == 0 ? "work" : "Work"),
        3 => Flags.Of($"keyword{random.Next(5000)}", "überfällig", "重要"),
        4 => Flags.Of(Enumerable.Range(0, random.Next(30)).Select(n => $"label-{n}").Append(Flags.Flagged)),
        _ => known ?? Flags.None,
    };

    /// <summary>Up to 40 steps of up to <paramref name="maxSize"/> messages; a failing history is shown without the steps it does not need.</summary>
    public static Arbitrary<Step[]> Histories(int maxSize)
    {
        var step = from kind in Gen.Elements(Enum.GetValues<StepKind>())
                   from size in Gen.Choose(1, maxSize)
                   from seed in Gen.Choose(0, int.MaxValue)
                   select new Step(kind, size, seed);
        var history = from length in Gen.Choose(1, 40) from steps in step.ArrayOf(length) select steps;
        return Arb.From(history, steps => Enumerable.Range(0, steps.Length).Select(gone => steps.Where((_, at) => at != gone).ToArray()));
    }
}
