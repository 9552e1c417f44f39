using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.Tests.Http;

public sealed class ProblemTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(Map);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private void Map(RouteGroupBuilder v1)
    {
        var routes = v1.MapGroup("").Requires(Scope.MailRead);
        routes.MapGet("/fails/{code}", IResult (Code code, double? retryAfter) => throw new ProblemException(new Problem(
            code,
            "The sentence.",
            [new ProblemError("wrong", Pointer: "/a")],
            new Upstream("LIMIT", "Too many"),
            retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null)));
        routes.MapGet("/crash", IResult () => throw new InvalidOperationException("the password is hunter2"));
        routes.MapGet("/status/{status}", (int status) => Results.StatusCode(status));
        routes.MapMethods("/head", ["HEAD"], IResult () => throw new ProblemException(Code.Gone, "Gone."));
        routes.MapGet("/half", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            throw new ProblemException(Code.AccountUnavailable, "The server has gone.");
        });
        routes.MapGet("/wait", async (CancellationToken cancel) =>
        {
            _entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancel);
        });
        routes.MapPost("/things", (Thing thing) => thing.Name);
    }

    [Fact]
    public async Task A_problem_has_every_member_RFC_9457_and_we_define()
    {
        var answer = await _gateway.Send("GET", "/v1/fails/AccountLimit");

        Assert.Equal(429, answer.Status);
        Assert.Equal("application/problem+json", answer.Header("Content-Type"));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.Equal("https://imapgateway.dev/problems/account.limit", answer.Json.GetProperty("type").GetString());
        Assert.Equal("The mail server allows no more connections", answer.Json.GetProperty("title").GetString());
        Assert.Equal(429, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal("The sentence.", answer.Json.GetProperty("detail").GetString());
        Assert.Equal("account.limit", answer.Code);
        Assert.Matches("^[0-9a-f]{32}$", answer.Json.GetProperty("traceId").GetString());
        Assert.Equal("wrong", answer.Errors["/a"]);
        Assert.Equal("LIMIT", answer.Json.GetProperty("upstream").GetProperty("code").GetString());
        Assert.Equal("Too many", answer.Json.GetProperty("upstream").GetProperty("text").GetString());
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task Every_code_answers_with_its_own_status(Code code)
    {
        var answer = await _gateway.Send("GET", $"/v1/fails/{code}");

        Assert.Equal(code.Describe().Status, answer.Status);
        Assert.Equal(code.Describe().Name, answer.Code);
        Assert.Equal(answer.Status is 429 or 503, answer.Header("Retry-After") is not null);
    }

    public static TheoryData<Code> Codes => [.. Enum.GetValues<Code>()];

    [Theory]
    [InlineData("RateLimited", "0.2", "1")]
    [InlineData("AccountBusy", "2.1", "3")]
    [InlineData("Conflict", "7", "7")]
    [InlineData("Unavailable", null, "5")]
    [InlineData("AccountThrottled", null, "1")]
    public async Task Retry_After_is_whole_seconds_rounded_up(string code, string? given, string expected)
    {
        var answer = await _gateway.Send("GET", $"/v1/fails/{code}" + (given is null ? "" : "?retryAfter=" + given));

        Assert.Equal(expected, answer.Header("Retry-After"));
    }

    [Fact]
    public async Task What_nobody_expected_is_logged_once_and_told_to_nobody()
    {
        var answer = await _gateway.Send("GET", "/v1/crash");

        Assert.Equal(500, answer.Status);
        Assert.Equal("internal", answer.Code);
        Assert.DoesNotContain("hunter2", answer.Text);
        Assert.DoesNotContain("Exception", answer.Text);
        var logged = Assert.Single(_gateway.Log.Lines, line => line.Level >= LogLevel.Error);
        Assert.Contains("hunter2", logged.Text);
        Assert.Contains(answer.Json.GetProperty("traceId").GetString()!, logged.Text);
    }

    [Theory]
    [InlineData(404, 404, "not_found")]
    [InlineData(401, 401, "unauthorized")]
    [InlineData(403, 403, "forbidden")]
    [InlineData(406, 406, "not_acceptable")]
    [InlineData(408, 400, "bad_request")]
    [InlineData(412, 412, "precondition_failed")]
    [InlineData(413, 413, "too_large")]
    [InlineData(415, 415, "unsupported_media_type")]
    [InlineData(416, 416, "range_not_satisfiable")]
    [InlineData(429, 429, "rate_limited")]
    [InlineData(502, 500, "internal")]
    [InlineData(503, 503, "unavailable")]
    public async Task An_empty_error_status_gets_the_same_shape(int status, int expected, string code)
    {
        var answer = await _gateway.Send("GET", $"/v1/status/{status}");

        Assert.Equal(expected, answer.Status);
        Assert.Equal(code, answer.Code);
        Assert.Equal(expected, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal("application/problem+json", answer.Header("Content-Type"));
    }

    [Theory]
    [InlineData("/v1/nothing/here")]
    [InlineData("/nothing")]
    public async Task An_unknown_path_is_not_found(string path)
    {
        var answer = await _gateway.Send("GET", path);

        Assert.Equal((404, "not_found"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_wrong_method_names_the_right_ones()
    {
        var answer = await _gateway.Send("DELETE", "/v1/things");

        Assert.Equal((405, "method_not_allowed"), (answer.Status, answer.Code));
        Assert.Equal("POST", answer.Header("Allow"));
    }

    [Fact]
    public async Task HEAD_gets_the_status_and_no_body()
    {
        var answer = await _gateway.Send("HEAD", "/v1/head");

        Assert.Equal((410, ""), (answer.Status, answer.Text));
        Assert.Equal("application/problem+json", answer.Header("Content-Type"));
    }

    [Fact]
    public async Task An_answer_that_breaks_in_the_middle_is_cut_off()
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => _gateway.Send("GET", "/v1/half"));

        Assert.Contains(_gateway.Log.Lines, line => line is { Level: LogLevel.Warning } && line.Text.Contains("The server has gone."));
    }

    [Fact]
    public async Task A_client_that_leaves_is_no_error()
    {
        using (var leaving = new CancellationTokenSource())
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/wait") { Headers = { { "Authorization", "Bearer " + TestGateway.AdminKey } } };
            var call = _gateway.Client.SendAsync(request, leaving.Token);
            await _entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }
        await _gateway.StopAsync();

        Assert.Contains(_gateway.Log.Lines, line => line.Text.Contains("The client of GET /v1/wait has gone"));
        Assert.DoesNotContain(_gateway.Log.Lines, line => line.Level >= LogLevel.Warning && line.Text.Contains("/v1/wait"));
    }

    [Fact]
    public async Task A_body_above_the_limit_is_too_large()
    {
        var answer = await _gateway.Send("POST", "/v1/things", "{\"name\":\"" + new string('x', HttpSetup.MaxRequestBody) + "\"}");

        Assert.Equal((413, "too_large"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Another_media_type_is_refused()
    {
        var answer = await _gateway.Send("POST", "/v1/things", "name=x", headers: ("Content-Type", "application/x-www-form-urlencoded"));

        Assert.Equal((415, "unsupported_media_type"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_body_that_ends_early_is_a_bad_request()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(_gateway.Client.BaseAddress!.Host, _gateway.Client.BaseAddress.Port);
        var stream = socket.GetStream();
        var request = $"POST /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TestGateway.AdminKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var text = await new StreamReader(stream).ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400", text);
        Assert.Equal("bad_request", JsonDocument.Parse(text[text.IndexOf('{')..(text.LastIndexOf('}') + 1)]).RootElement.GetProperty("code").GetString());
    }
}

public sealed record Thing
{
    public required string Name { get; init; }
    public int Number { get; init; }
    public bool Yes { get; init; }
    public Role? Role { get; init; }
    public DateTimeOffset? At { get; init; }
    public Thing? Inner { get; init; }
    public Thing[]? List { get; init; }
    public Dictionary<string, int>? Map { get; init; }
    public Optional<string?> Patch { get; init; }
    public Optional<int[]> Numbers { get; init; }
}
