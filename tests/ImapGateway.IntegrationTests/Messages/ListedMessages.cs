using System.Net;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>What tests read of listed messages.</summary>
public static class ListedMessages
{
    public static string Id(this JsonElement message) => message.GetProperty("id").GetString()!;

    public static uint Uid(this JsonElement message) => message.GetProperty("uid").GetUInt32();

    public static string? Subject(this JsonElement message) => message.GetProperty("subject").GetString();

    public static string Flags(this JsonElement message) => string.Join(' ', message.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()));

    /// <summary>Subject and flags of each, e.g. <c>hello[$seen]</c>.</summary>
    public static async Task<string> Shown(this ApiAccount account, string mailbox = "inbox", string query = "") =>
        string.Join(' ', (await account.Items(account.Messages(mailbox, query))).Select(message => $"{message.Subject()}[{message.Flags()}]"));

    /// <summary>Every page to the last one.</summary>
    /// <param name="query">Without cursor, with its question mark.</param>
    /// <param name="between">Runs after each page that is not the last.</param>
    public static async Task<IReadOnlyList<JsonElement>> Pages(this ApiAccount account, string query, string mailbox = "inbox", Func<Task>? between = null)
    {
        var items = new List<JsonElement>();
        for (var path = account.Messages(mailbox, query); ;)
        {
            var answer = (await account.Api.Get(path)).Is(HttpStatusCode.OK);
            items.AddRange(answer.Json.GetProperty("items").EnumerateArray());
            if (answer.Json.GetProperty("nextCursor").GetString() is not { } cursor)
            {
                Assert.False(answer.Headers.Contains("Link"));
                return items;
            }
            path = NextLink(answer);
            Assert.Contains(Uri.EscapeDataString(cursor), path, StringComparison.Ordinal);
            if (between is not null)
            {
                await between();
            }
        }
    }

    /// <summary>RFC 8288.</summary>
    public static string NextLink(ApiAnswer answer)
    {
        var link = Assert.Single(answer.Headers.GetValues("Link"));
        Assert.EndsWith(">; rel=\"next\"", link, StringComparison.Ordinal);
        return link[1..link.IndexOf('>', StringComparison.Ordinal)];
    }
}
