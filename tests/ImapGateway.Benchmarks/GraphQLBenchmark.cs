using System.Net.Http.Json;
using System.Text.Json;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>The newest 50 by GraphQL, next to the same list by REST: six fields of each with variables, and ids alone.</summary>
public static class GraphQLBenchmark
{
    private const int Messages = 5_000;
    private const int Clients = 16;
    private const string User = "bench@example.com";

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await dovecot.Seed(User, Messages, ListBenchmark.Message);
        await RunAsync(report, dovecot, "warm", Target.Least(0.5), Target.Least(1));
        // What each answer costs that was not given before.
        await RunAsync(report, dovecot, "no answer kept", null, null, ("Http:AnswerBytes", "0"));
    }

    private static async Task RunAsync(Report report, DovecotServer dovecot, string what, Target? six, Target? ids, params (string Name, string Value)[] settings)
    {
        await using var gateway = await MeasuredGateway.Start(settings);
        await gateway.AddAsync("bench", dovecot.Port, User);
        var (list, graph) = (gateway.Address(ListBenchmark.ListOf("bench")), gateway.Address("/graphql"));
        var (sixQuery, idsQuery) = (Query("id subject from { name address } date flags preview"), Query("id"));
        var sizes = (Whole: (await gateway.Http.GetByteArrayAsync(list)).Length, Six: await SizeAsync(gateway, graph, sixQuery), Ids: await SizeAsync(gateway, graph, idsQuery));
        string[] headers = [gateway.Authorization];
        var (rest, sixFields, onlyIds) = (new List<LoadResult>(), new List<LoadResult>(), new List<LoadResult>());
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            var inTurn = new[]
            {
                await Wrk.RunAsync(list, Clients, report.Rounds.Each, gateway.Cost, headers),
                await Wrk.RunAsync(graph, Clients, report.Rounds.Each, gateway.Cost, headers, json: sixQuery),
                await Wrk.RunAsync(graph, Clients, report.Rounds.Each, gateway.Cost, headers, json: idsQuery),
            };
            if (round < 0)
            {
                continue; // The JIT's second tier comes with the load.
            }
            rest.Add(inTurn[0]);
            sixFields.Add(inTurn[1]);
            onlyIds.Add(inTurn[2]);
        }
        report.Add(LoadRow.Of($"REST: newest 50, {what}, {Clients} clients", rest) with { Remark = $"{sizes.Whole:N0} bytes" });
        report.Add((LoadRow.Of($"GraphQL: 6 fields of them, with variables, {what}", sixFields) with { Remark = $"{sizes.Six:N0} bytes" }).Beside("REST's whole list", rest, six));
        report.Add((LoadRow.Of($"GraphQL: their ids alone, {what}", onlyIds) with { Remark = $"{sizes.Ids:N0} bytes" }).Beside("REST's whole list", rest, ids));
    }

    private static string Query(string fields) => JsonSerializer.Serialize(new
    {
        query = $"query List($account: ID!, $first: Int!) {{ account(id: $account) {{ mailbox(role: INBOX) {{ messages(first: $first) {{ nodes {{ {fields} }} pageInfo {{ endCursor }} }} }} }} }}",
        variables = new { account = "bench", first = 50 },
    });

    private static async Task<int> SizeAsync(MeasuredGateway gateway, Uri graph, string json)
    {
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await gateway.Http.PostAsync(graph, content);
        var data = await answer.Content.ReadFromJsonAsync<JsonElement>();
        if (data.TryGetProperty("errors", out var errors) || data.GetProperty("data").GetProperty("account").GetProperty("mailbox").GetProperty("messages").GetProperty("nodes").GetArrayLength() != 50)
        {
            throw new InvalidOperationException($"The list is not what it should be: {errors}");
        }
        return data.GetRawText().Length;
    }
}
