using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>What is known is shown without asking the mail server: while its changes are heard of, and while it is away.</summary>
public sealed class KnownReadsTests(ListeningGateway gateway) : IClassFixture<ListeningGateway>, IAsyncLifetime
{
    private World _world = null!;
    private TapProxy? _tap;

    public async ValueTask InitializeAsync() => _world = World.With(await SharedServers.Dovecot, gateway.Process);

    public ValueTask DisposeAsync() => _tap?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<ApiAccount> Account(string watch)
    {
        await _world.Deliver("one");
        await _world.Deliver("two");
        if (watch == "none")
        {
            _tap = TapProxy.Start(_world.Dovecot.Port);
            return await _world.AddAccount(_tap.Port);
        }
        var watched = await Watched.Start(_world, watch);
        _tap = watched.Tap;
        await _tap.WaitFor("IDLE");
        await watched.Committed.Fingerprinted();
        return watched.Account;
    }

    private static string[] Warm(ApiAccount account, string id) =>
        [account.Messages("inbox"), account.Messages("inbox", "?limit=1"), account.Messages("inbox", "?unseen=true"), account.Message(id), $"{account.Path}/messages?ids={id}", account.Mailboxes, account.Mailbox("inbox")];

    private static bool IsStale(ApiAnswer answer) => answer.Headers.TryGetValues("Gateway-Stale", out var values) && values.Single().StartsWith("since=20", StringComparison.Ordinal) && answer.Headers.Age is not null;

    private static List<string> Subjects(ApiAnswer list) => [.. list.Json.GetProperty("items").EnumerateArray().Select(message => message.GetProperty("subject").GetString()!)];

    [Fact]
    public async Task Lists_headers_and_counters_of_a_watched_account_cost_no_command()
    {
        var account = await Account("all");
        var paths = Warm(account, (await account.Newest()).GetProperty("id").GetString()!);
        foreach (var path in paths)
        {
            (await _world.Api.Get(path)).Is(HttpStatusCode.OK);
        }
        _tap!.Lines.Clear();
        foreach (var path in paths)
        {
            Assert.False(IsStale((await _world.Api.Get(path)).Is(HttpStatusCode.OK)), path);
        }
        Assert.Empty(_tap.Commands);
        foreach (var path in paths)
        {
            _tap.Lines.Clear();
            (await _world.Api.Get(path, ("Cache-Control", "no-cache"))).Is(HttpStatusCode.OK);
            Assert.True(_tap.Commands.Count > 0, path);
        }
    }

    [Fact]
    public async Task Counters_of_a_watched_mailbox_are_those_of_its_list()
    {
        var account = await Account("all");
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        (await _world.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.OK);
        var mailbox = (await _world.Api.Get(account.Mailbox("inbox"))).Is(HttpStatusCode.OK).Json;
        Assert.Equal((2, 1), (mailbox.GetProperty("total").GetInt32(), mailbox.GetProperty("unseen").GetInt32()));
        Assert.Equal(HttpStatusCode.NoContent, (await _world.Api.Delete(account.Message(id, "?permanent=true"))).Status);
        mailbox = (await account.Items(account.Mailboxes)).Single(one => one.GetProperty("role").GetString() == "inbox");
        Assert.Equal((1, 1), (mailbox.GetProperty("total").GetInt32(), mailbox.GetProperty("unseen").GetInt32()));
    }

    /// <summary>By SELECT with QRESYNC (RFC 7162 section 3.2.5).</summary>
    [Fact]
    public async Task A_mailbox_that_nobody_watches_is_revalidated_in_one_round_trip()
    {
        var account = await Account("none");
        await account.Items(account.Messages("inbox"));
        await new Committed(_world.Gateway, account.Id).Fingerprinted();
        await account.Items(account.Messages("inbox"));
        _tap!.Lines.Clear();
        Assert.Equal(2, (await account.Items(account.Messages("inbox"))).Count);
        Assert.Single(_tap.Lines.Entries, line => line.Command is not null);
        await _world.Deliver("three");
        Assert.Equal(3, (await account.Items(account.Messages("inbox"))).Count);
    }

    [Theory]
    [InlineData("all")]
    [InlineData("none")]
    public async Task What_is_known_is_shown_while_the_server_is_away(string watch)
    {
        var account = await Account(watch);
        var paths = Warm(account, (await account.Newest()).GetProperty("id").GetString()!);
        var tags = new Dictionary<string, string>();
        foreach (var path in paths)
        {
            tags[path] = (await _world.Api.Get(path)).Is(HttpStatusCode.OK).Headers.ETag!.ToString();
        }
        var message = paths[3];
        _tap!.GoDown();
        foreach (var path in paths)
        {
            await TestWait.For(async () => IsStale((await _world.Api.Get(path)).Is(HttpStatusCode.OK)));
            var same = await _world.Api.Get(path, ("If-None-Match", tags[path]));
            Assert.True(IsStale(same.Is(HttpStatusCode.NotModified)), path);
            (await _world.Api.Get(path, ("Cache-Control", "no-cache"))).Is(HttpStatusCode.ServiceUnavailable).IsProblem("account.unavailable");
        }
        Assert.Equal(["two", "one"], Subjects(await _world.Api.Get(paths[0])));
        Assert.Equal(2, (await _world.Api.Get(account.Mailbox("inbox"))).Json.GetProperty("total").GetInt32());
        (await _world.Api.Get(message + "?body=text")).Is(HttpStatusCode.ServiceUnavailable).IsProblem("account.unavailable");
        (await _world.Api.Get(message + "/raw")).Is(HttpStatusCode.ServiceUnavailable).IsProblem("account.unavailable");
        await _world.Deliver("three");
        _tap.ComeBack();
        await TestWait.For(async () => (await _world.Api.Get(paths[0])) is var back && !IsStale(back) && Subjects(back).SequenceEqual(["three", "two", "one"]));
    }
}
