using System.Diagnostics;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Tests.Index;

namespace ImapGateway.Benchmarks;

/// <summary>The mailbox index at 100,000 messages: bytes, and the median and 99th percentile of what requests and changes do with it.</summary>
public static class IndexBenchmark
{
    private const int Messages = 100_000;

    public static Task RunAsync()
    {
        var rows = SampleMailbox.Rows(Messages);
        var stored = MailboxIndex.Empty.Apply(rows, []).Written;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var index = MailboxIndex.Load(stored.Select(page => (page.Number, page.Data.ToArray())));
        Console.WriteLine($"pages         {stored.Length}, {stored.Sum(page => page.Data.Length):N0} bytes");
        Console.WriteLine($"in memory     {GC.GetTotalMemory(forceFullCollection: true) - before:N0} bytes");

        var random = new Random(1);
        var ids = rows.Select(row => row.Id).ToArray();
        random.Shuffle(ids);
        var shuffled = MailboxIndex.Empty.Apply([.. rows.Select((row, at) => row with { Id = ids[at] })], []).Index;
        IndexRow Any() => rows[random.Next(Messages)];
        var flagged = Flags.Of(Flags.Flagged);
        var newest = rows[^1];

        Measure("load all", 50, () => MailboxIndex.Load(stored).Count);
        Measure("first index", 20, () => MailboxIndex.Empty.Apply(rows, []).Written.Length);
        Measure("newest 50", 5000, () => index.Descending().Take(50).Count());
        Measure("50 anywhere", 5000, () => index.Descending(Any().Uid).Take(50).Count());
        Measure("by uid", 5000, () => index.TryGetByUid(Any().Uid, out _));
        Measure("by id", 5000, () => index.TryGetById(Any().Id, out _));
        Measure("by random id", 2000, () => shuffled.TryGetById(Any().Id, out _));
        Measure("one flag", 5000, () => index.Apply([Any() with { Flags = flagged, ModSeq = 1_000_000 }], []).Written.Length);
        Measure("one arrival", 5000, () => index.Apply([newest with { Uid = newest.Uid + 1, Id = newest.Id + 1 }], []).Written.Length);
        Measure("all uids", 50, () => index.Uids.Count());
        Measure("all messages", 50, () => index.Ascending().Count());
        return Task.CompletedTask;
    }

    private static void Measure<T>(string name, int times, Func<T> action)
    {
        var took = new double[times];
        for (var warm = 0; warm < times / 2; warm++)
        {
            action();
        }
        Thread.Sleep(200); // the JIT's second tier comes in the background
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < times; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            took[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
        allocated = (GC.GetAllocatedBytesForCurrentThread() - allocated) / times;
        Array.Sort(took);
        Console.WriteLine($"{name,-13} p50 {took[times / 2],9:N1} us   p99 {took[times * 99 / 100],9:N1} us   {allocated,10:N0} bytes allocated");
    }
}
