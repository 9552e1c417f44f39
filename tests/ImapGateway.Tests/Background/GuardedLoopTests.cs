using System.Diagnostics.Metrics;
using ImapGateway.Background;
using ImapGateway.Mail;
using ImapGateway.Tests.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Background;

public sealed class GuardedLoopTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly TestLog _log = new();
    private readonly ILoggerFactory _logs;
    private readonly Loops _loops;

    public GuardedLoopTests()
    {
        _logs = LoggerFactory.Create(builder => builder.AddProvider(_log));
        _loops = new Loops(_time, _logs.CreateLogger<Loops>());
    }

    public void Dispose()
    {
        _loops.Dispose();
        _logs.Dispose();
    }

    private static Task Fails(string why) => throw new InvalidOperationException(why);

    /// <summary>Runs a turn and lets the backoff after it pass.</summary>
    private async Task<Exception?> Turn(GuardedLoop loop, Func<Task> work)
    {
        var turn = loop.TryAsync(_ => work(), CancellationToken.None);
        while (!turn.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        return await turn;
    }

    [Fact]
    public async Task No_exception_ends_it()
    {
        using var loop = _loops.New("work");
        using var stop = new CancellationTokenSource();
        Exception[] failures = [new InvalidOperationException(), new ProblemException(Mail.ErrorCode.Unavailable, "away"), new OperationCanceledException(), new OutOfMemoryException()];
        var turns = 0;
        var run = loop.RunAsync(
            _ => Task.CompletedTask,
            async _ =>
            {
                await Task.Yield();
                if (turns++ < failures.Length)
                {
                    throw failures[turns - 1];
                }
                await stop.CancelAsync();
            },
            stop.Token);
        while (!run.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await run;
        Assert.Equal(failures.Length + 1, turns);
    }

    /// <summary>Without the scopes of the turns.</summary>
    private IEnumerable<LogLevel> Logged => _log.Lines.Select(line => line.Level).Where(level => level > LogLevel.Trace);

    [Fact]
    public async Task Each_kind_of_failure_is_logged_once_until_it_recovers()
    {
        using var loop = _loops.New("work");
        for (var round = 0; round < 3; round++)
        {
            Assert.IsType<InvalidOperationException>(await Turn(loop, () => Fails("broken")));
            Assert.IsType<ProblemException>(await Turn(loop, () => throw new ProblemException(Mail.ErrorCode.Unavailable, "away")));
        }
        Assert.Equal([LogLevel.Error, LogLevel.Warning], Logged);
        Assert.Null(await Turn(loop, () => Task.CompletedTask));
        await Turn(loop, () => Fails("broken"));
        Assert.Equal([LogLevel.Error, LogLevel.Warning, LogLevel.Information, LogLevel.Error], Logged);
    }

    [Fact]
    public async Task It_is_reported_as_long_as_it_fails()
    {
        using var loop = _loops.New("work");
        using var other = _loops.New("other work");
        var began = _time.GetUtcNow();
        await Turn(loop, () => Fails("a secret"));
        await Turn(other, () => Task.CompletedTask);
        Assert.Equal([new FailingLoop("work", nameof(InvalidOperationException), began)], _loops.Failing);
        await Turn(loop, () => throw new ProblemException(Mail.ErrorCode.Unavailable, "away"));
        Assert.Equal([new FailingLoop("work", "unavailable", began)], _loops.Failing);
        await Turn(loop, () => Task.CompletedTask);
        Assert.Empty(_loops.Failing);
    }

    [Fact]
    public async Task Loops_of_one_name_are_counted_together_and_one_that_ends_fails_no_longer()
    {
        using var one = _loops.New("lanes");
        var two = _loops.New("lanes");
        await Turn(one, () => Fails("broken"));
        await Turn(two, () => Fails("broken"));
        Assert.Equal(2, Failing());
        two.Dispose();
        Assert.Equal(1, Failing());
        await Turn(one, () => Task.CompletedTask);
        Assert.Equal(0, Failing());
        Assert.Single(_log.Lines, line => line.Level == LogLevel.Error);

        int Failing()
        {
            var failing = 0;
            using var listener = new MeterListener { InstrumentPublished = (instrument, self) => self.EnableMeasurementEvents(instrument) };
            listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) =>
            {
                if (instrument.Meter.Name == Loops.MeterName && tags.ToArray().Any(tag => tag is { Key: "loop", Value: "lanes" }))
                {
                    failing += value;
                }
            });
            listener.Start();
            listener.RecordObservableInstruments();
            return failing;
        }
    }

    [Fact]
    public async Task One_item_that_fails_keeps_no_other_from_its_turn()
    {
        List<int> done = [];
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => GuardedLoop.ForEachAsync(
            [1, 2, 3],
            item =>
            {
                done.Add(item);
                return item < 3 ? Fails($"{item}") : Task.CompletedTask;
            },
            default));
        Assert.Equal("1", failure.Message);
        Assert.Equal([1, 2, 3], done);
    }

    [Fact]
    public void Its_pauses_grow_to_a_limit()
    {
        Assert.Equal(GuardedLoop.FirstPause / 2, GuardedLoop.PauseAfter(1, 0));
        Assert.Equal(GuardedLoop.FirstPause, GuardedLoop.PauseAfter(1, 1));
        Assert.Equal(GuardedLoop.FirstPause * 4, GuardedLoop.PauseAfter(3, 1));
        Assert.Equal(GuardedLoop.LongestPause, GuardedLoop.PauseAfter(1000, 1));
    }
}
