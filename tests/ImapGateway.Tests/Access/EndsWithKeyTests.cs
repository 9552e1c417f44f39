using System.Text;
using System.Threading.Channels;
using ImapGateway.Access;
using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ImapGateway.Tests.Access;

/// <summary>An answer that takes long ends when its key loses the right to it, and the client sees that it is incomplete.</summary>
public sealed class EndsWithKeyTests : IAsyncLifetime
{
    private readonly Channel<string> _pieces = Channel.CreateUnbounded<string>();
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(v1 => v1
        .MapGet("/accounts/{account}/octets", async (HttpContext context) =>
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await foreach (var piece in _pieces.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(piece, context.RequestAborted);
            }
        })
        .Requires(Scope.MailRead).EndsWithKey());

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Theory]
    [InlineData("deleted")]
    [InlineData("other scopes")]
    [InlineData("other accounts")]
    [InlineData("expired")]
    [InlineData("its maker is deleted")]
    [InlineData("its maker has expired")]
    public async Task Whatever_takes_the_right_away_aborts_the_answer(string loss)
    {
        var later = _gateway.Time.GetUtcNow().AddHours(1);
        var (makerId, maker) = await _gateway.NewKey(["admin"], expiresAt: loss == "its maker has expired" ? later : null);
        var (id, key) = await _gateway.NewKey(["mail.read"], ["a", "b"], loss == "expired" ? later : null, maker);
        using var response = await Open(key);
        await using var body = await response.Content.ReadAsStreamAsync();
        var reading = body.ReadAsync(new byte[100]).AsTask();

        var (method, path, patch) = loss switch
        {
            "deleted" => ("DELETE", $"/v1/keys/{id}", null),
            "other scopes" => ("PATCH", $"/v1/keys/{id}", """{"scopes":["mail.readBasic"]}"""),
            "other accounts" => ("PATCH", $"/v1/keys/{id}", """{"accounts":["b"]}"""),
            "its maker is deleted" => ("DELETE", $"/v1/keys/{makerId}", null),
            _ => ("", "", null),
        };
        if (method.Length == 0)
        {
            _gateway.Time.Advance(TimeSpan.FromHours(1));
        }
        else
        {
            Assert.InRange((await _gateway.Send(method, path, patch)).Status, 200, 299);
        }
        await Assert.ThrowsAnyAsync<IOException>(() => reading);
    }

    [Fact]
    public async Task An_answer_goes_on_whatever_becomes_of_other_keys_and_of_rights_it_does_not_need()
    {
        var (otherId, _) = await _gateway.NewKey(["mail.read"]);
        var (id, key) = await _gateway.NewKey(["mail.read", "mail.write"], ["a", "b"], _gateway.Time.GetUtcNow().AddHours(2));
        using var response = await Open(key);
        Assert.Equal(204, (await _gateway.Send("DELETE", $"/v1/keys/{otherId}")).Status);
        Assert.Equal(200, (await _gateway.Send("PATCH", $"/v1/keys/{id}", """{"name":"renamed","scopes":["mail.read"],"accounts":["a"]}""")).Status);
        _gateway.Time.Advance(TimeSpan.FromHours(1));
        Assert.True(_pieces.Writer.TryWrite("all of it"));
        _pieces.Writer.Complete();
        Assert.Equal("all of it", Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync()));
    }

    private async Task<HttpResponseMessage> Open(string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/accounts/a/octets") { Headers = { Authorization = new("Bearer", key) } };
        return await _gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
