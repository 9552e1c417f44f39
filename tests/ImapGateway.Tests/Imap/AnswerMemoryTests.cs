using ImapGateway.Imap;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Imap;

public class AnswerMemoryTests
{
    private const int Small = (int)AnswerMemory.Small;

    private readonly FakeTimeProvider _time = new();
    private readonly AnswerMemory _memory;

    public AnswerMemoryTests() => _memory = new AnswerMemory(10 * AnswerMemory.Small, _time);

    [Fact]
    public void Small_answers_do_not_count()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.True(_memory.Of($"account {i}").TakeAsync(Small).AsTask().IsCompleted);
        }
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void What_is_parsed_counts_beside_its_octets()
    {
        var answer = _memory.Of("a");
        Assert.True(answer.TakeAsync(Small, 3 * AnswerMemory.Small).AsTask().IsCompleted);
        Assert.Equal(3 * AnswerMemory.Small, _memory.Used);
        answer.Clear();
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void An_answer_that_does_not_fit_waits_until_another_is_used()
    {
        var (first, second) = (_memory.Of("a"), _memory.Of("b"));
        Assert.True(first.TakeAsync(8 * Small).AsTask().IsCompleted);
        Assert.True(second.TakeAsync(4 * Small).AsTask().IsCompleted);
        var waiting = second.TakeAsync(2 * Small).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.Equal((7 + 5) * AnswerMemory.Small, _memory.Used);
        first.Clear();
        Assert.True(waiting.IsCompleted);
        second.Clear();
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void The_oldest_one_always_goes_on()
    {
        var (first, second) = (_memory.Of("a"), _memory.Of("b"));
        Assert.True(first.TakeAsync(2 * Small).AsTask().IsCompleted);
        var waiting = second.TakeAsync(20 * Small).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.True(first.TakeAsync(50 * Small).AsTask().IsCompleted);
        Assert.False(waiting.IsCompleted);
        first.Clear();
        Assert.True(waiting.IsCompleted);
    }

    [Fact]
    public void Of_an_account_one_large_answer_is_read_after_the_other()
    {
        var (first, second, other) = (_memory.Of("a"), _memory.Of("a"), _memory.Of("b"));
        Assert.True(first.TakeAsync(2 * Small).AsTask().IsCompleted);
        var waiting = second.TakeAsync(2 * Small).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.True(other.TakeAsync(2 * Small).AsTask().IsCompleted);
        first.Clear();
        Assert.True(waiting.IsCompleted);
    }

    [Fact]
    public void What_is_handed_on_is_given_back()
    {
        var download = _memory.Of("a");
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(download.TakeAsync(Small / 2).AsTask().IsCompleted);
            download.GiveBack(Small / 2);
        }
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void A_connection_that_ends_waits_no_longer()
    {
        var (first, second) = (_memory.Of("a"), _memory.Of("b"));
        Assert.True(first.TakeAsync(20 * Small).AsTask().IsCompleted);
        var waiting = second.TakeAsync(2 * Small).AsTask();
        Assert.False(waiting.IsCompleted);
        second.Clear();
        Assert.True(waiting.IsCompleted);
        Assert.Equal(19 * AnswerMemory.Small, _memory.Used);
    }

    [Fact]
    public void A_large_answer_without_progress_ends_while_others_wait_for_it()
    {
        var (slow, other) = (_memory.Of("slow"), _memory.Of("other"));
        var ended = 0;
        slow.TooSlow = () => ended++;
        other.TooSlow = () => throw new InvalidOperationException("It waits.");
        Assert.True(slow.TakeAsync(12 * Small).AsTask().IsCompleted);
        // Nobody waits: it may take its time.
        _time.Advance(AnswerMemory.Check * 10);
        Assert.Equal(0, ended);
        var waiting = other.TakeAsync(2 * Small).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(AnswerMemory.Check);
        Assert.True(slow.TakeAsync((int)AnswerMemory.LeastProgress).AsTask().IsCompleted);
        _time.Advance(AnswerMemory.Check);
        Assert.Equal(0, ended);
        Assert.True(slow.TakeAsync(1).AsTask().IsCompleted);
        _time.Advance(AnswerMemory.Check);
        Assert.Equal(1, ended);
        slow.Clear();
        Assert.True(waiting.IsCompleted);
        // The other one goes on, and nobody waits any more.
        _time.Advance(AnswerMemory.Check * 10);
    }
}
