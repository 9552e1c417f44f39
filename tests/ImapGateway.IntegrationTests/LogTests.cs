using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ImapGateway.IntegrationTests;

public partial class LogTests
{
    [Fact]
    public async Task An_operation_is_one_line_with_what_an_operator_asks_for()
    {
        await using var world = await World.OfItsOwn(null, ("Logging:Console:FormatterName", "json"));
        await world.Deliver("one");
        var account = await world.AddAccount();
        var message = (await account.Newest()).GetProperty("id").GetString()!;
        (await world.Api.Get(account.Message(message))).Is(HttpStatusCode.OK);
        var line = await world.Gateway.Output.First(entry => entry.Contains("\"GetMessage\"", StringComparison.Ordinal));
        var state = JsonElement.Parse(line).GetProperty("State");
        Assert.Equal((account.Id, message, "GetMessage", "ok"), (state.GetProperty("Account").GetString(), state.GetProperty("Target").GetString(), state.GetProperty("Operation").GetString(), state.GetProperty("Outcome").GetString()));
        Assert.True(double.Parse(state.GetProperty("Milliseconds").ToString(), System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.True(int.Parse(state.GetProperty("ImapCommands").ToString(), System.Globalization.CultureInfo.InvariantCulture) >= 1);
        Assert.Matches("^[0-9a-f]{32}$", state.GetProperty("TraceId").GetString());
        Assert.Single(world.Gateway.Output.Entries, entry => entry.Contains("\"GetMessage\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_trace_id_of_an_answer_finds_its_line()
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var answer = (await world.Api.Get(account.Message("m_aaaaaaaab"))).Is(HttpStatusCode.Gone);
        var line = await world.Gateway.Output.First(entry => entry.Contains(answer.Text("traceId"), StringComparison.Ordinal));
        Assert.Contains($"GetMessage m_aaaaaaaab of account {account.Id}: gone", line, StringComparison.Ordinal);
        // Two requests on one connection are not taken for one another.
        var next = (await world.Api.Get(account.Message("m_aaaaaaaac"))).Is(HttpStatusCode.Gone);
        Assert.NotEqual(answer.Text("traceId"), next.Text("traceId"));
        Assert.Contains("m_aaaaaaaac", await world.Gateway.Output.First(entry => entry.Contains(next.Text("traceId"), StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_that_a_client_has_begun_goes_on()
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var trace = Guid.NewGuid().ToString("N");
        (await world.Api.Get(account.Mailboxes, ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"))).Is(HttpStatusCode.OK);
        Assert.Contains("ListMailboxes", await world.Gateway.Output.First(entry => entry.Contains(trace, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_a_start_and_a_stop_is_short_and_without_warnings()
    {
        await using var gateway = await GatewayProcess.Start();
        Assert.Equal(0, await gateway.Stop());
        Assert.DoesNotContain(gateway.Output.Entries, entry => Trouble().IsMatch(entry));
        Assert.InRange(gateway.Output.Entries.Count, 1, 20);
    }

    [GeneratedRegex("^(warn|fail|crit|Unhandled)|Exception")]
    private static partial Regex Trouble();
}
