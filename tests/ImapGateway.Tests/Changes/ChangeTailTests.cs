using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Changes;
using ImapGateway.Mail;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Changes;

public class ChangeTailTests
{
    /// <summary>A log that counts how often it is asked.</summary>
    private sealed class Rows
    {
        private readonly List<LoggedChange> _rows = [];
        private int _queries;

        public int Queries => _queries;

        /// <summary>Queries wait for it.</summary>
        public Task Gate { get; set; } = Task.CompletedTask;

        public Exception? Fault { get; set; }

        public void Add(int count, int size = 10)
        {
            lock (_rows)
            {
                for (; count > 0; count--)
                {
                    _rows.Add(Row(_rows.Count + 1, size));
                }
            }
        }

        public async Task<IReadOnlyList<LoggedChange>> Read(GlobalPosition after, int limit, CancellationToken cancel)
        {
            Interlocked.Increment(ref _queries);
            IReadOnlyList<LoggedChange> found;
            lock (_rows)
            {
                found = [.. _rows.Skip((int)after.Row).Take(limit)];
            }
            await Gate.WaitAsync(cancel);
            return Fault is { } fault ? throw fault : found;
        }

        private static LoggedChange Row(long sequence, int size) =>
            new(new GlobalPosition(0, sequence), "abcdefgh", sequence, "anna", ChangeType.MessageRemoved, default, 0, 0, null, null, [], new byte[size], null);
    }

    private static ChangeTail Tail(Rows rows, long budget = long.MaxValue, bool polls = false, TimeProvider? time = null) =>
        new(rows.Read, change => change.Position, new TailBudget(budget), polls, time ?? TimeProvider.System);

    private static async Task<IEnumerable<long>> Read(ChangeTail tail, long after, int limit = 1000) =>
        (await tail.ReadAsync(new GlobalPosition(0, after), limit, default)).Select(row => row.Sequence);

    private static IEnumerable<long> Numbers(long first, long last) => Enumerable.Range((int)first, (int)(last - first + 1)).Select(n => (long)n);

    /// <summary>Whoever reads what was there when they began gets it, whatever others do at the same time and however little is kept.</summary>
    [Fact]
    public void Every_reader_gets_every_row_once_in_every_interleaving() => Prop.ForAll(
        Gen.Choose(0, 40).ListOf().ToArbitrary(),
        steps =>
        {
            var rows = new Rows();
            var tail = Tail(rows, budget: 20_000);
            var written = 0L;
            var readers = new long[5];
            foreach (var step in steps)
            {
                if (step >= 30)
                {
                    rows.Add(step - 29);
                    written += step - 29;
                    tail.Appended();
                    continue;
                }
                ref var at = ref readers[step % readers.Length];
                var limit = step + 1;
                var got = Read(tail, at, limit).GetAwaiter().GetResult().ToList();
                if (!got.SequenceEqual(Numbers(at + 1, Math.Min(written, at + limit))))
                {
                    return false;
                }
                at += got.Count;
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public async Task Readers_on_many_threads_miss_and_repeat_nothing_while_rows_are_written()
    {
        const int Last = 3000;
        var rows = new Rows();
        var tail = Tail(rows, budget: 100_000);
        var readers = Enumerable.Range(0, 20).Select(n => Task.Run(async () =>
        {
            var seen = new List<long>();
            while (seen.Count < Last)
            {
                await tail.WaitAsync(new GlobalPosition(0, seen.Count), default);
                seen.AddRange(await Read(tail, seen.Count, n + 1));
            }
            Assert.Equal(Numbers(1, Last), seen);
        })).ToArray();
        for (var n = 0; n < Last; n += 10)
        {
            rows.Add(10);
            tail.Appended();
            await Task.Yield();
        }
        await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_thousand_who_wait_cost_one_query_per_commit()
    {
        var rows = new Rows();
        var tail = Tail(rows);
        Assert.Empty(await Read(tail, 0));
        var waiting = Enumerable.Range(0, 1000).Select(_ => tail.WaitAsync(default, default)).ToArray();
        var before = rows.Queries;
        rows.Add(1);
        tail.Appended();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([1L], await Read(tail, 0));
        Assert.InRange(rows.Queries - before, 1, 2);
    }

    [Fact]
    public async Task A_read_that_begins_after_a_commit_sees_it_though_an_older_one_is_under_way()
    {
        var rows = new Rows();
        var tail = Tail(rows);
        var gate = new TaskCompletionSource();
        rows.Gate = gate.Task;
        var older = Read(tail, 0);
        while (rows.Queries == 0)
        {
            await Task.Yield();
        }
        rows.Add(1);
        tail.Appended();
        var younger = Read(tail, 0);
        gate.SetResult();
        Assert.Equal([1L], await younger);
        Assert.True(!(await older).Any() || (await older).Single() == 1);
    }

    [Fact]
    public async Task A_page_is_filled_up_to_its_limit_though_only_a_part_of_it_is_here()
    {
        var rows = new Rows();
        var tail = Tail(rows);
        rows.Add(10);
        Assert.Equal(Numbers(1, 10), await Read(tail, 0));
        rows.Add(700);
        tail.Appended();
        Assert.Equal(Numbers(6, 505), await Read(tail, 5, 500));
        Assert.Equal(Numbers(1, 710), await Read(tail, 0));
    }

    [Fact]
    public async Task What_is_dropped_is_read_from_the_database()
    {
        var rows = new Rows();
        rows.Add(100, size: 1000);
        var tail = Tail(rows, budget: 50_000);
        Assert.Equal(Numbers(1, 100), await Read(tail, 0));
        var before = rows.Queries;
        Assert.Equal(Numbers(100, 100), await Read(tail, 99));
        Assert.Equal(before, rows.Queries);
        Assert.Equal(Numbers(6, 100), await Read(tail, 5));
        Assert.Equal(before + 1, rows.Queries);
    }

    [Fact]
    public async Task Rows_that_nobody_tells_of_are_found_while_somebody_waits()
    {
        var rows = new Rows();
        var time = new FakeTimeProvider();
        var tail = Tail(rows, polls: true, time: time);
        var waiting = tail.WaitAsync(default, default);
        rows.Add(1);
        while (!waiting.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await waiting;
    }

    [Fact]
    public async Task Who_waits_goes_on_waiting_while_the_storage_is_away()
    {
        var rows = new Rows();
        var time = new FakeTimeProvider();
        var tail = Tail(rows, time: time);
        Assert.Empty(await Read(tail, 0));
        var waiting = tail.WaitAsync(default, default);
        rows.Fault = new ProblemException(ErrorCode.Unavailable, "away");
        rows.Add(1);
        tail.Appended();
        while (rows.Queries < 4)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.False(waiting.IsCompleted);
        rows.Fault = null;
        while (!waiting.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await waiting;
    }

    [Fact]
    public async Task A_reader_ahead_of_the_others_takes_the_tail_along_and_wakes_them()
    {
        var rows = new Rows();
        var tail = Tail(rows);
        Assert.Empty(await Read(tail, 0));
        var waiting = tail.WaitAsync(default, default);
        rows.Add(10);
        Assert.Equal(Numbers(9, 10), await Read(tail, 8));
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(Numbers(1, 10), await Read(tail, 0));
    }
}
