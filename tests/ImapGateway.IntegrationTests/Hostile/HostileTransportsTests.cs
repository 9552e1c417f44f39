using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Imap;

namespace ImapGateway.IntegrationTests.Hostile;

/// <summary>Hostile values where the contract names no parameter: headers of HTTP, messages of WebSockets, server-sent events, tickets, and requests without a key.</summary>
public sealed class HostileTransportsTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private const string Hole = HostileCall.Hole;

    private static readonly string[] Messages =
    [
        """{"id":"@HOSTILE@","type":"subscribe","payload":{"query":"{ nothing }"}}""",
        """{"id":"1","type":"subscribe","payload":{"query":"@HOSTILE@"}}""",
        """{"id":"1","type":"subscribe","payload":{"query":"query ($v: ID!) { account(id: $v) { id } }","variables":{"v":"@HOSTILE@"}}}""",
        """{"id":"1","type":"subscribe","payload":{"query":"query ($v: ID!) { account(id: $v) { id } }","variables":{"@HOSTILE@":"a"}}}""",
        """{"id":"1","type":"subscribe","payload":{"query":"query a { feedPosition }","operationName":"@HOSTILE@"}}""",
        """{"id":"1","type":"subscribe","payload":{"query":"subscription ($v: String) { allChanges(after: $v) { sequence } }","variables":{"v":"x@HOSTILE@"}}}""",
        """{"id":"1","type":"@HOSTILE@"}""",
        """{"@HOSTILE@":1}""",
    ];

    private static readonly string[] Headers =
    [
        "Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "Range", "Accept", "Accept-Encoding", "Content-Type", "Cookie", "Origin", "Host", "traceparent", "baggage",
        "X-Forwarded-For", "Cache-Control", "Prefer", "Upgrade", "Sec-WebSocket-Protocol", "Expect",
    ];

    [Fact]
    public async Task No_message_of_a_WebSocket_breaks_the_gateway()
    {
        var found = new List<string>();
        foreach (var value in HostileText.All)
        {
            foreach (var message in Messages)
            {
                using var socket = await GraphSocket.Open(impatient.Gateway.Http.BaseAddress!, impatient.Gateway.AdminKey);
                await socket.SendText(message.Replace(Hole, HostileText.Escaped(value), StringComparison.Ordinal));
                Judge(found, $"{message} {HostileText.Show(value)}", await socket.Next() is { } answer ? answer.GetRawText() : $"closed {socket.Closed}");
            }
            using var stranger = await GraphSocket.Connect(impatient.Gateway.Http.BaseAddress!);
            await stranger.SendText("""{"type":"connection_init","payload":{"authorization":"Bearer @"}}""".Replace("@", HostileText.Escaped(value), StringComparison.Ordinal));
            Assert.Null(await stranger.Next());
            Assert.True(stranger.Closed is 4400 or 4403, $"{HostileText.Show(value)}: {stranger.Closed}");
        }
        Assert.Empty(found);
        await impatient.StillWorks();
    }

    [Fact]
    public async Task No_operation_over_server_sent_events_breaks_the_gateway()
    {
        var found = new List<string>();
        foreach (var value in HostileText.All)
        {
            foreach (var body in new[]
            {
                """{"query":"@HOSTILE@"}""",
                """{"query":"query a { feedPosition }","operationName":"@HOSTILE@"}""",
                """{"query":"query ($v: ID!) { account(id: $v) { id } }","variables":{"v":"@HOSTILE@"}}""",
                """{"query":"subscription ($v: String) { allChanges(after: $v) { sequence } }","variables":{"v":"x@HOSTILE@"}}""",
            })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql") { Content = new StringContent(body.Replace(Hole, HostileText.Escaped(value), StringComparison.Ordinal), Encoding.UTF8, "application/json") };
                request.Headers.Accept.ParseAdd("text/event-stream");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", impatient.Gateway.AdminKey);
                using var answer = await impatient.Gateway.Http.SendAsync(request);
                Judge(found, $"{body} {HostileText.Show(value)}", $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            }
        }
        Assert.Empty(found);
        await impatient.StillWorks();
    }

    [Fact]
    public async Task Tickets_and_requests_without_a_key_are_refused_whatever_they_hold()
    {
        using var http = new HttpClient { BaseAddress = impatient.Gateway.Http.BaseAddress };
        foreach (var value in HostileText.All)
        {
            foreach (var path in new[] { "/v1/events", "/graphql" })
            {
                using var answer = await http.GetAsync(new Uri($"{path}?ticket={HostileText.InUrl(value)}&query={{feedPosition}}", UriKind.Relative));
                Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest or HttpStatusCode.RequestUriTooLong, $"{path} {HostileText.Show(value)}: {answer.StatusCode}");
            }
        }
        var document = (await impatient.Api.Get("/openapi/v1.json")).Is(HttpStatusCode.OK).Json;
        var calls = new RestPlaces(document, new KnownValues { ImapPort = 1 }).All().ToList();
        Assert.True(calls.Count > 100, $"Only {calls.Count} places are found.");
        var found = new List<string>();
        foreach (var call in calls)
        {
            foreach (var value in call.Header is null ? HostileText.Few : HostileText.Few.Where(HostileText.FitsHeader))
            {
                var answer = await call.Send(http, value);
                if (answer.IsInternalError || (int)answer.Status < 300 && !call.Path.StartsWith("/health", StringComparison.Ordinal) && !call.Path.StartsWith("/openapi", StringComparison.Ordinal))
                {
                    found.Add(answer.ToString());
                }
            }
        }
        Assert.Empty(found);
        await impatient.StillWorks();
    }

    /// <summary>Written to the socket, since clients refuse to send most of them.</summary>
    [Fact]
    public async Task No_header_breaks_the_gateway()
    {
        byte[][] values = [.. HostileText.All.Select(value => Encoding.UTF8.GetBytes(value)), [0xFF, 0xFE, 0x80], "\t"u8.ToArray(), "bytes=99999999999999999999-1,-0"u8.ToArray(), "W/\"\0\",*,\""u8.ToArray()];
        var found = new List<string>();
        foreach (var header in Headers)
        {
            foreach (var value in values)
            {
                foreach (var line in new[] { "GET /v1/accounts", "POST /v1/webhooks", "GET /v1/events?after=x", "POST /graphql" })
                {
                    var status = await Status(line, header, value);
                    if (status.StartsWith("HTTP/1.1 5", StringComparison.Ordinal))
                    {
                        found.Add($"{line} {header}: {HostileText.Show(Encoding.Latin1.GetString(value))}: {status}");
                    }
                }
            }
        }
        Assert.Empty(found);
        await impatient.StillWorks();
    }

    private async Task<string> Status(string line, string header, byte[] value)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, impatient.Gateway.Http.BaseAddress!.Port);
        var stream = client.GetStream();
        var others = new StringBuilder($"{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n");
        foreach (var (name, right) in new[] { ("Host", "localhost"), ("Authorization", $"Bearer {impatient.Gateway.AdminKey}"), ("Content-Type", "application/json") }.Where(one => one.Item1 != header))
        {
            others.Append($"{name}: {right}\r\n");
        }
        byte[] request = [.. Encoding.ASCII.GetBytes($"{others}{header}: "), .. value, .. "\r\n\r\n{}"u8];
        try
        {
            await stream.WriteAsync(request);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            return await reader.ReadLineAsync() ?? "closed";
        }
        catch (IOException)
        {
            return "closed";
        }
    }

    private static void Judge(List<string> found, string what, string answer)
    {
        if (answer.Contains("internal_error", StringComparison.Ordinal) || answer.StartsWith("500", StringComparison.Ordinal) || answer.StartsWith("closed 1", StringComparison.Ordinal))
        {
            found.Add($"{what}: {answer}");
        }
    }
}
