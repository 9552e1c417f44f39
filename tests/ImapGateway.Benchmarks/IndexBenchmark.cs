using System.Diagnostics;
using ImapGateway.Benchmarks.Results;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Tests.Index;

namespace ImapGateway.Benchmarks;

/// <summary>The mailbox index at 100,000 messages: bytes, and the median and 99th percentile of what requests and changes do with it.</summary>
public static class IndexBenchmark
{
    private const int Messages = 100_000;

    public static Task RunAsync(Report report)
    {
        var rows = SampleMailbox.Rows(Messages);
        var stored = MailboxIndex.Empty.Apply(rows, []).Written;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var index = MailboxIndex.Load(stored.Select(page => (page.Number, page.Data.ToArray())));
        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        report.Add(new Row($"index of {Messages:N0} messages, stored, without fingerprints", "KB", [stored.Sum(page => page.Data.Length) / 1024.0]) { Target = Target.Most(2.5 * 1024) });
        report.Add(new Row($"index of {Messages:N0} messages, in memory", "KB", [taken / 1024.0]) { Target = Target.Most(1.5 * 1024) });

        var random = new Random(1);
        var ids = rows.Select(row => row.Id).ToArray();
        random.Shuffle(ids);
        var shuffled = MailboxIndex.Empty.Apply([.. rows.Select((row, at) => row with { Id = ids[at] })], []).Index;
        IndexRow Any() => rows[random.Next(Messages)];
        var flagged = Flags.Of(Flags.Flagged);
        var newest = rows[^1];

        Measure(report, "load all", 50, () => MailboxIndex.Load(stored).Count);
        Measure(report, "first index", 20, () => MailboxIndex.Empty.Apply(rows, []).Written.Length);
        Measure(report, "newest 50", 5000, () => index.Descending().Take(50).Count());
        Measure(report, "50 anywhere", 5000, () => index.Descending(Any().Uid).Take(50).Count());
        Measure(report, "by uid", 5000, () => index.TryGetByUid(Any().Uid, out _));
        Measure(report, "by id", 5000, () => index.TryGetById(Any().Id, out _));
        Measure(report, "by random id", 2000, () => shuffled.TryGetById(Any().Id, out _));
        Measure(report, "one flag", 5000, () => index.Apply([Any() with { Flags = flagged, ModSeq = 1_000_000 }], []).Written.Length);
        Measure(report, "one arrival", 5000, () => index.Apply([newest with { Uid = newest.Uid + 1, Id = newest.Id + 1 }], []).Written.Length);
        Measure(report, "all uids", 50, () => index.Uids.Count());
        Measure(report, "all messages", 50, () => index.Ascending().Count());
        return Task.CompletedTask;
    }

    private static void Measure<T>(Report report, string name, int times, Func<T> action)
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
        report.Add(new Row($"index: {name}", "us", [took[times / 2]]) { AllocatedBytes = allocated, Remark = $"p99 {Row.Number(took[times * 99 / 100])} us" });
    }
}
