using ImapGateway.Cache;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Cache;

public class HeaderMemoryTests
{
    private static readonly MessageHeaders Headers = new(null, null, null, [], [], "A subject", [], [], [], [], [], [], null, DateTimeOffset.UnixEpoch, 0, []);
    private static readonly int Size = HeaderSize.Of(Headers);

    private static HeaderKey Key(int uid) => new(1, 1, (uint)uid);

    private static bool Has(HeaderMemory memory, string account, int uid) => memory.TryGet(account, Key(uid), out _);

    [Fact]
    public void It_never_holds_more_bytes_than_it_may_and_always_what_came_last()
    {
        var memory = new HeaderMemory(100 * Size);
        for (var uid = 1; uid <= 1000; uid++)
        {
            memory.Put("a", Key(uid), uid % 7 == 0 ? Headers with { Subject = new string('x', uid) } : Headers);
            Assert.True(memory.Bytes <= 100 * Size);
            Assert.True(Has(memory, "a", uid));
        }
    }

    [Fact]
    public void What_is_read_again_and_again_outlives_what_is_read_once()
    {
        var memory = new HeaderMemory(100 * Size);
        for (var uid = 1; uid <= 50; uid++)
        {
            memory.Put("a", Key(uid), Headers);
        }
        for (var other = 1; other <= 1000; other++)
        {
            memory.Put("b", Key(other), Headers);
            for (var uid = 1; uid <= 50; uid++)
            {
                Assert.True(Has(memory, "a", uid), $"{uid} is gone after {other} others.");
            }
        }
        Assert.False(Has(memory, "b", 500));
    }

    [Fact]
    public void What_is_dropped_or_replaced_counts_no_more()
    {
        var memory = new HeaderMemory(100 * Size);
        for (var uid = 1; uid <= 10; uid++)
        {
            memory.Put("a", Key(uid), Headers);
            memory.Put("a", Key(uid), Headers);
        }
        Assert.Equal(10 * Size, memory.Bytes);
        foreach (var uid in new[] { 10, 1, 5, 5, 77 })
        {
            memory.Drop("a", Key(uid));
        }
        Assert.Equal(7 * Size, memory.Bytes);
        Assert.False(Has(memory, "a", 5));
        Assert.True(Has(memory, "a", 6));
    }

    [Fact]
    public void A_cleared_account_is_gone_and_the_others_stay()
    {
        var memory = new HeaderMemory(1000 * Size);
        for (var uid = 1; uid <= 250; uid++)
        {
            memory.Put("a", Key(uid), Headers);
            memory.Put("b", Key(uid), Headers);
        }
        memory.Clear("a");
        Assert.All(Enumerable.Range(1, 250), uid => Assert.False(Has(memory, "a", uid)));
        Assert.All(Enumerable.Range(1, 250), uid => Assert.True(Has(memory, "b", uid)));
        Assert.Equal(250 * Size, memory.Bytes);
        memory.Put("a", Key(1), Headers);
        Assert.True(Has(memory, "a", 1));
    }

    [Fact]
    public async Task It_holds_under_many_threads()
    {
        var memory = new HeaderMemory(50 * Size);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            for (var step = 0; step < 20_000; step++)
            {
                var (account, key) = ($"account{random.Next(3)}", Key(random.Next(100)));
                switch (random.Next(20))
                {
                    case 0:
                        memory.Clear(account);
                        break;
                    case < 4:
                        memory.Drop(account, key);
                        break;
                    case < 12:
                        memory.Put(account, key, Headers);
                        break;
                    default:
                        memory.TryGet(account, key, out _);
                        break;
                }
            }
        })));
        Assert.InRange(memory.Bytes, 0, 50 * Size);
        foreach (var account in new[] { "account0", "account1", "account2" })
        {
            memory.Clear(account);
        }
        Assert.Equal(0, memory.Bytes);
    }

    [Fact]
    public void A_lookup_makes_no_garbage()
    {
        var memory = new HeaderMemory(100 * Size);
        memory.Put("a", Key(1), Headers);
        Assert.True(Has(memory, "a", 1));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < 1000; step++)
        {
            Has(memory, "a", step % 2);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
