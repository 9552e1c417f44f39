using ImapGateway.Cache;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Cache;

public class RedisTests
{
    [Fact]
    public void A_few_failures_in_a_row_open_the_circuit_and_one_probe_at_a_time_closes_it()
    {
        var time = new FakeTimeProvider();
        var circuit = new RedisCircuit(time);
        Assert.Equal([false, false], [circuit.Failed(), circuit.Failed()]);
        Assert.False(circuit.Succeeded());
        Assert.Equal([false, false, true, false], [circuit.Failed(), circuit.Failed(), circuit.Failed(), circuit.Failed()]);
        Assert.True(circuit.IsOpen);
        Assert.False(circuit.MayProbe());
        time.Advance(RedisCircuit.ShortestPause);
        Assert.Equal([true, false], [circuit.MayProbe(), circuit.MayProbe()]);
        circuit.Failed();
        time.Advance(RedisCircuit.ShortestPause);
        Assert.False(circuit.MayProbe());
        time.Advance(RedisCircuit.ShortestPause);
        Assert.True(circuit.MayProbe());
        Assert.True(circuit.Succeeded());
        Assert.False(circuit.IsOpen);
        Assert.False(circuit.Failed());
    }

    [Fact]
    public void However_long_it_is_open_a_probe_is_made_now_and_then()
    {
        var time = new FakeTimeProvider();
        var circuit = new RedisCircuit(time);
        for (var failure = 0; failure < RedisCircuit.Tolerated; failure++)
        {
            circuit.Failed();
        }
        for (var probe = 0; probe < 50; probe++)
        {
            time.Advance(RedisCircuit.LongestPause);
            Assert.True(circuit.MayProbe());
            circuit.Failed();
        }
    }

    [Theory]
    [InlineData("maxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n", null)]
    [InlineData("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n", "no memory limit")]
    [InlineData("# Memory\r\nmaxmemory:1000\r\nmaxmemory_human:1000B\r\nmaxmemory_policy:noeviction\r\n", "refuses all writes when it has reached its maxmemory")]
    [InlineData("maxmemory:1000\r\nmaxmemory_policy:volatile-ttl\r\n", "only among keys that expire (maxmemory-policy volatile-ttl)")]
    public void A_bad_policy_is_explained(string info, string? advice)
    {
        var policy = RedisMemoryPolicy.Parse(info)!;
        Assert.Equal(advice is null, policy.Advice is null);
        Assert.Contains(advice ?? "", policy.Advice ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_redis_that_does_not_tell_is_left_alone() => Assert.Null(RedisMemoryPolicy.Parse("ERR"));

    [Theory]
    [InlineData("localhost:6379,password=secret", true)]
    [InlineData("", true)]
    [InlineData("localhost:6379,pasword=secret", false)]
    [InlineData(",ssl=true", false)]
    public void A_connection_string_is_checked_and_never_shown(string text, bool isRight)
    {
        var mistakes = new RedisOptions { ConnectionString = text }.Validate().ToList();
        Assert.Equal(isRight, mistakes.Count == 0);
        Assert.All(mistakes, mistake => Assert.DoesNotContain("secret", mistake.Message, StringComparison.Ordinal));
    }
}
