using System.Collections.Immutable;
using System.Text.Json.Serialization;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ImapGateway.Tests.Responses;

public sealed class PagingTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(Map);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private static void Map(RouteGroupBuilder v1) => v1.MapGet("/numbers", PageResult<Item> ([AsParameters] Paging page, string? parity, Fields<Item> fields) =>
    {
        var after = Cursor.Decode<Position>("numbers", parity ?? "", page.Cursor)?.After ?? 0;
        var all = Enumerable.Range(1, 10).Where(number => number > after && (parity is null || number % 2 == (parity == "even" ? 0 : 1))).ToArray();
        var items = all.Take(page.Limit).Select(number => new Item(number.ToString(System.Globalization.CultureInfo.InvariantCulture), number, null, ["$seen"])).ToImmutableArray();
        return new PageResult<Item>(new Page<Item>(items, all.Length > items.Length ? Cursor.Encode("numbers", parity ?? "", new Position(items[^1].Number)) : null), fields);
    }).Requires(Scope.MailRead);

    private sealed record Position(int After);

    private sealed record Item(string Id, int Number, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Absent, ImmutableArray<string> Flags);

    [Fact]
    public async Task Following_the_links_reads_everything_once()
    {
        var seen = new List<int>();
        for (var path = "/v1/numbers?limit=3&parity=odd"; path is not null;)
        {
            var answer = await _gateway.Send("GET", path);
            seen.AddRange(answer.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("number").GetInt32()));
            var cursor = answer.Json.GetProperty("nextCursor").GetString();
            path = answer.Header("Link") is { } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : null;
            Assert.Equal(cursor is null ? null : $"/v1/numbers?limit=3&parity=odd&cursor={cursor}", path);
        }
        Assert.Equal([1, 3, 5, 7, 9], seen);
    }

    [Theory]
    [InlineData("parity=even&cursor={0}")]
    [InlineData("cursor={0}")]
    [InlineData("parity=odd&cursor={0}AA")]
    [InlineData("parity=odd&cursor=AAAA")]
    [InlineData("parity=odd&cursor=")]
    [InlineData("parity=odd&cursor=%F0%9F%92%A3")]
    public async Task A_cursor_of_another_list_or_made_up_is_refused(string query)
    {
        var cursor = (await _gateway.Send("GET", "/v1/numbers?limit=1&parity=odd")).Json.GetProperty("nextCursor").GetString();

        var answer = await _gateway.Send("GET", "/v1/numbers?" + string.Format(null, query, cursor));

        Assert.Equal((400, "bad_request"), (answer.Status, answer.Code));
        Assert.True(answer.Errors.ContainsKey("cursor"));
    }

    [Fact]
    public void What_is_encoded_is_decoded_and_a_changed_character_is_noticed() => Prop.ForAll<NonNull<string>, NonNull<string>, int>((kind, filter, number) =>
    {
        var cursor = Cursor.Encode(kind.Get, filter.Get, new Position(number));
        var index = Math.Abs(number % cursor.Length);
        var changed = cursor[..index] + (cursor[index] == 'A' ? 'B' : 'A') + cursor[(index + 1)..];
        return Cursor.TryDecode<Position>(kind.Get, filter.Get, cursor, out var position) && position.After == number
            && !Cursor.TryDecode<Position>(kind.Get, filter.Get, changed, out _)
            && !Cursor.TryDecode<Position>(kind.Get + "x", filter.Get, cursor, out _)
            && !Cursor.TryDecode<Position>(kind.Get, filter.Get + "x", cursor, out _)
            && !Cursor.TryDecode<string>(kind.Get, filter.Get, cursor, out _)
            && !Cursor.TryDecode<Position>(kind.Get, filter.Get, Cursor.Encode<Position?>(kind.Get, filter.Get, null), out _)
            && !Cursor.TryDecode<Position>(kind.Get, filter.Get, Cursor.Encode(kind.Get, filter.Get, new { Other = 1 }), out _);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Fields_leave_the_chosen_members_and_the_id()
    {
        var answer = await _gateway.Send("GET", "/v1/numbers?limit=1&fields=flags,absent");

        Assert.StartsWith("""{"items":[{"id":"1","flags":["$seen"]}],"nextCursor":""", answer.Text);
        Assert.Contains("fields=flags,absent&cursor=", answer.Header("Link"));
    }

    [Fact]
    public async Task All_fields_read_the_same_as_none_chosen()
    {
        var chosen = await _gateway.Send("GET", "/v1/numbers?fields=id,number,absent,flags");
        var all = await _gateway.Send("GET", "/v1/numbers");

        Assert.Equal(all.Text, chosen.Text);
        Assert.Equal(all.Header("Content-Type"), chosen.Header("Content-Type"));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("Flags")]
    [InlineData("flags.0")]
    [InlineData("id,")]
    [InlineData("")]
    public async Task An_unknown_field_is_refused(string fields)
    {
        var answer = await _gateway.Send("GET", "/v1/numbers?fields=" + fields);

        Assert.Equal(400, answer.Status);
        Assert.Contains("There are id, number, absent, flags.", answer.Errors["fields"]);
    }
}
