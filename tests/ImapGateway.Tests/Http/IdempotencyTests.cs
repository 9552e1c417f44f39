using System.Text;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.Tests.Http;

public sealed class IdempotencyTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TestGateway _gateway = null!;
    private int _made;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(Map);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private void Map(RouteGroupBuilder v1)
    {
        v1.MapPost("/accounts/{account}/things", (HttpContext context, string account, Thing thing, bool? large) =>
        {
            var number = Interlocked.Increment(ref _made);
            context.Response.Headers.ETag = $"\"{number}\"";
            return TypedResults.Created($"/v1/things/{number}", new { number, account, secret = "the-secret-of-" + thing.Name + (large is true ? new string('x', StoredAnswer.MaxBody) : "") });
        }).Requires(Scope.MailWrite).Idempotent();
        v1.MapPost("/fails/{code}", IResult (Code code, Thing thing) =>
        {
            Interlocked.Increment(ref _made);
            throw new ProblemException(code, "Refused: " + thing.Number);
        }).Requires(Scope.MailWrite).Idempotent();
        v1.MapPost("/crash", IResult (Thing _) => throw new InvalidOperationException(Interlocked.Increment(ref _made).ToString(System.Globalization.CultureInfo.InvariantCulture)))
            .Requires(Scope.MailWrite).Idempotent();
        v1.MapPost("/slow", async (Thing _, CancellationToken cancel) =>
        {
            _entered.TrySetResult();
            await _goOn.Task.WaitAsync(cancel);
            return TypedResults.Created("/v1/slow/1", new { number = Interlocked.Increment(ref _made) });
        }).Requires(Scope.MailWrite).Idempotent();
    }

    private Task<Answer> Post(string path, string key, object? json = null, string credential = TestGateway.AdminKey) =>
        _gateway.Send("POST", path, json ?? new { name = "a" }, credential, ("Idempotency-Key", key));

    [Fact]
    public async Task The_same_key_is_done_once_and_answered_twice()
    {
        var first = await Post("/v1/accounts/a/things", "one");
        var again = await Post("/v1/accounts/a/things", "\"one\"");

        Assert.Equal((201, 201, 1), (first.Status, again.Status, _made));
        Assert.Equal(first.Text, again.Text);
        Assert.Equal("/v1/things/1", again.Header("Location"));
        Assert.Equal("\"1\"", again.Header("ETag"));
        Assert.Equal(first.Header("Content-Type"), again.Header("Content-Type"));
        Assert.Equal((null, "true"), (first.Header("Idempotency-Replayed"), again.Header("Idempotency-Replayed")));
    }

    [Fact]
    public async Task Without_a_key_each_request_acts()
    {
        await _gateway.Send("POST", "/v1/accounts/a/things", new { name = "a" });
        await _gateway.Send("POST", "/v1/accounts/a/things", new { name = "a" });

        Assert.Equal(2, _made);
    }

    [Fact]
    public async Task Another_account_credential_or_route_is_another_scope()
    {
        var (_, other) = await _gateway.NewKey(["mail.write"]);
        await Post("/v1/accounts/a/things", "one");
        await Post("/v1/accounts/b/things", "one");
        await Post("/v1/accounts/a/things", "one", credential: other);
        await Post("/v1/fails/Conflict", "one");

        Assert.Equal(4, _made);
    }

    [Fact]
    public async Task The_same_key_with_another_payload_is_unprocessable()
    {
        await Post("/v1/accounts/a/things", "one");

        foreach (var answer in new[] { await Post("/v1/accounts/a/things", "one", new { name = "b" }), await Post("/v1/accounts/a/things?large=false", "one") })
        {
            Assert.Equal((422, "unprocessable"), (answer.Status, answer.Code));
            Assert.True(answer.Errors.ContainsKey("Idempotency-Key"));
        }
        Assert.Equal(1, _made);
    }

    [Fact]
    public async Task Of_two_at_once_one_acts_and_the_other_is_told_to_wait()
    {
        var first = Post("/v1/slow", "one");
        await _entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        var second = await Post("/v1/slow", "one");
        _goOn.SetResult();

        Assert.Equal((409, "conflict", "1"), (second.Status, second.Code, second.Header("Retry-After")));
        Assert.Equal(201, (await first).Status);
        Assert.Equal("true", (await Post("/v1/slow", "one")).Header("Idempotency-Replayed"));
        Assert.Equal(1, _made);
    }

    [Fact]
    public async Task Of_many_at_once_one_acts()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Post("/v1/accounts/a/things", "one")));

        Assert.Equal(1, _made);
        Assert.Single(answers, answer => answer.Status == 201 && answer.Header("Idempotency-Replayed") is null);
        Assert.All(answers, answer => Assert.True(answer.Status is 201 or 409));
    }

    [Theory]
    [InlineData("Conflict", true)]
    [InlineData("Unprocessable", true)]
    [InlineData("BadRequest", false)]
    [InlineData("AccountAuthFailed", false)]
    [InlineData("AccountBusy", false)]
    [InlineData("Unavailable", false)]
    public async Task A_refusal_is_kept_if_it_would_come_again(string code, bool kept)
    {
        var first = await Post($"/v1/fails/{code}", "one");
        var again = await Post($"/v1/fails/{code}", "one");

        Assert.Equal(kept ? 1 : 2, _made);
        Assert.Equal(first.Status, again.Status);
        Assert.Equal("application/problem+json", again.Header("Content-Type"));
        Assert.Equal(kept ? "true" : null, again.Header("Idempotency-Replayed"));
    }

    [Fact]
    public async Task A_failure_frees_the_key()
    {
        Assert.Equal(500, (await Post("/v1/crash", "one")).Status);
        Assert.Equal(500, (await Post("/v1/crash", "one")).Status);
        Assert.Equal(2, _made);
    }

    [Fact]
    public async Task A_client_that_left_finds_what_it_began()
    {
        using (var leaving = new CancellationTokenSource())
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/slow") { Content = new StringContent("""{"name":"a"}""", Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + TestGateway.AdminKey);
            request.Headers.TryAddWithoutValidation("Idempotency-Key", "one");
            var call = _gateway.Client.SendAsync(request, leaving.Token);
            await _entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }
        await Until(() => Task.FromResult(_gateway.Log.Lines.Any(line => line.Text.Contains("received FIN") || line.Text.Contains("reset"))), gone => gone);
        _goOn.SetResult();
        var again = await Until(() => Post("/v1/slow", "one"), answer => answer.Status != 409);

        Assert.Equal((201, 1, "true"), (again.Status, _made, again.Header("Idempotency-Replayed")));
        Assert.Equal("{\"number\":1}", again.Text);
    }

    [Fact]
    public async Task What_a_crash_left_behind_does_not_block_its_key()
    {
        var payload = Encoding.UTF8.GetBytes("\0{\"name\":\"a\"}");
        var before = new IdempotencyStore(
            _gateway.Database, _gateway.Services.GetRequiredService<Microsoft.AspNetCore.DataProtection.IDataProtectionProvider>(), _gateway.Time);
        Assert.Null(await before.ClaimAsync(IdempotencyStore.IdOf("", "POST", "/v1/accounts/a/things", "one"), payload, TestContext.Current.CancellationToken));
        Assert.Equal(1, await Rows());

        var answer = await Post("/v1/accounts/a/things", "one");

        Assert.Equal((201, 1), (answer.Status, _made));
        Assert.Equal(1, await Rows());
    }

    [Fact]
    public async Task An_answer_outlives_a_restart()
    {
        var first = await Post("/v1/accounts/a/things", "one");
        await _gateway.DisposeButKeepFolderAsync();
        _gateway = await TestGateway.StartAsync(Map, folder: _gateway.Folder);

        var again = await Post("/v1/accounts/a/things", "one");

        Assert.Equal((first.Text, "true", 1), (again.Text, again.Header("Idempotency-Replayed"), _made));
    }

    [Fact]
    public async Task What_was_done_is_answered_even_if_it_cannot_be_noted()
    {
        var call = Post("/v1/slow", "one");
        await _entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        _gateway.Database.IsAway = true;
        _goOn.SetResult();

        Assert.Equal(201, (await call).Status);
        Assert.Contains(_gateway.Log.Lines, line => line is { Level: LogLevel.Warning } && line.Text.Contains("The database is away."));
        Assert.Equal(503, (await Post("/v1/slow", "one")).Status);
    }

    [Fact]
    public async Task A_large_answer_is_replayed_without_its_body()
    {
        var first = await Post("/v1/accounts/a/things?large=true", "one");
        var again = await Post("/v1/accounts/a/things?large=true", "one");

        Assert.True(first.Text.Length > StoredAnswer.MaxBody);
        Assert.Equal((201, "", "/v1/things/1"), (again.Status, again.Text, again.Header("Location")));
        Assert.Equal(1, _made);
    }

    [Theory]
    [InlineData("\"open")]
    [InlineData("a, b")]
    [InlineData("\"a\"b")]
    [InlineData("\"\"")]
    [InlineData("\"a\\n\"")]
    public async Task A_malformed_key_is_a_bad_request(string key)
    {
        var answer = await Post("/v1/accounts/a/things", key);

        Assert.Equal((400, 0), (answer.Status, _made));
        Assert.True(answer.Errors.ContainsKey("Idempotency-Key"));
    }

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("\"abc\"", "abc")]
    [InlineData(" \"a\\\"b\\\\c d\" ", "a\"b\\c d")]
    public void A_key_is_quoted_or_bare(string header, string key) => Assert.Equal(key, IdempotencyKey.Of(header));

    [Fact]
    public async Task Neither_payload_nor_answer_is_readable_in_the_database_or_the_log()
    {
        await Post("/v1/accounts/a/things", "one", new { name = "payload-secret" });
        Assert.Equal("true", (await Post("/v1/accounts/a/things", "one", new { name = "payload-secret" })).Header("Idempotency-Replayed"));

        foreach (var file in Directory.GetFiles(_gateway.Folder, "gateway.db*"))
        {
            Assert.DoesNotContain("payload-secret", Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        }
        Assert.DoesNotContain(_gateway.Log.Lines, line => line.Text.Contains("payload-secret"));
    }

    [Fact]
    public async Task After_a_day_answers_are_forgotten_and_their_rows_purged()
    {
        for (var i = 0; i < 3; i++)
        {
            await Post("/v1/accounts/a/things", "k" + i);
        }
        _gateway.Time.Advance(TimeSpan.FromHours(23));
        await Post("/v1/accounts/a/things", "young");
        Assert.Equal("true", (await Post("/v1/accounts/a/things", "k0")).Header("Idempotency-Replayed"));

        _gateway.Time.Advance(TimeSpan.FromHours(1));
        Assert.Null((await Post("/v1/accounts/a/things", "k0")).Header("Idempotency-Replayed"));
        await Until(async () =>
        {
            _gateway.Time.Advance(IdempotencyPurgeWorker.Interval);
            return await Rows();
        }, rows => rows == 2);

        Assert.Equal("true", (await Post("/v1/accounts/a/things", "young")).Header("Idempotency-Replayed"));
    }

    [Fact]
    public async Task Expired_rows_go_in_batches()
    {
        for (var i = 0; i < 5; i++)
        {
            await Post("/v1/accounts/a/things", "k" + i);
        }
        var store = new IdempotencyStore(
            _gateway.Database, _gateway.Services.GetRequiredService<Microsoft.AspNetCore.DataProtection.IDataProtectionProvider>(),
            new Microsoft.Extensions.Time.Testing.FakeTimeProvider(_gateway.Time.GetUtcNow() + IdempotencyStore.Kept));

        Assert.Equal((2, 2, 1, 0), (await Purge(), await Purge(), await Purge(), await Purge()));

        Task<int> Purge() => store.PurgeAsync(2, TestContext.Current.CancellationToken);
    }

    private Task<int> Rows() => ((IDatabase)_gateway.Database).ReadAsync((db, c) => db.Set<IdempotencyRecord>().CountAsync(c), TestContext.Current.CancellationToken);

    private static async Task<T> Until<T>(Func<Task<T>> get, Func<T, bool> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (; ; await Task.Yield())
        {
            var value = await get();
            if (holds(value))
            {
                return value;
            }
            deadline.Token.ThrowIfCancellationRequested();
        }
    }
}
