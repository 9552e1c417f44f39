using System.Net;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>Clients that keep what they have read are told whether it is still so, and see what has changed.</summary>
public class CachingTests
{
    [Fact]
    [Trait("Category", "judges")]
    public async Task A_caching_client_of_npm_revalidates_lists_and_messages_and_sees_new_flags()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        using var folder = new TemporaryDirectory();
        var output = await Judges.Run(
            "caching.mjs", folder["cache"], world.Gateway.Http.BaseAddress!.ToString().TrimEnd('/'), world.Gateway.AdminKey,
            account.Messages("inbox"), account.Message(id), account.Message(id, "/raw"));
        Assert.Equal(
            [
                "list 200 miss", "list 200 revalidated", "message 200 miss", "message 200 revalidated", "raw 200 miss", "raw 200 hit", "patch 200",
                "list 200 updated $flagged", "list 200 revalidated $flagged", "message 200 updated $flagged", "message 200 revalidated $flagged", "raw 200 hit",
            ],
            output);
    }

    [Fact]
    public async Task Curl_saves_and_compares_entity_tags()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        using var folder = new TemporaryDirectory();
        var files = new Dictionary<string, string>();
        foreach (var path in new[] { account.Messages("inbox"), account.Message(id), account.Mailboxes, account.Mailbox("inbox") })
        {
            files[path] = folder[$"tag{files.Count}"];
            Assert.Equal("200", await Curl("--etag-save", files[path], path));
            Assert.Equal("304", await Curl("--etag-compare", files[path], path));
        }
        (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.OK);
        foreach (var (path, file) in files)
        {
            Assert.Equal("200", await Curl("--etag-compare", file, path));
        }

        async Task<string> Curl(string option, string tag, string path)
        {
            await using var curl = await ChildProcess.Start(
                "/usr/bin/env",
                ["curl", "-s", "-o", folder["body"], "-w", "%{http_code}\n", "-H", $"Authorization: Bearer {world.Gateway.AdminKey}", option, tag, new Uri(world.Gateway.Http.BaseAddress!, path).ToString()],
                new Dictionary<string, string>(),
                deathSignal: "TERM");
            using var deadline = new CancellationTokenSource(Journal<string>.Patience);
            await curl.Exited(deadline.Token);
            Assert.Equal(0, curl.ExitCode);
            return Assert.Single(curl.Output.Entries);
        }
    }
}
