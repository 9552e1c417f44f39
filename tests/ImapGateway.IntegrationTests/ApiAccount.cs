using System.Net;
using System.Text.Json;

namespace ImapGateway.IntegrationTests;

/// <summary>An account that was added, and the paths below it.</summary>
public sealed record ApiAccount(ApiClient Api, string Id)
{
    public string Path => $"/v1/accounts/{Id}";

    public string Mailboxes => $"{Path}/mailboxes";

    /// <param name="mailbox">An id or a role.</param>
    public string Mailbox(string mailbox) => $"{Mailboxes}/{mailbox}";

    /// <param name="mailbox">An id or a role.</param>
    /// <param name="query">With its question mark.</param>
    public string Messages(string mailbox, string query = "") => $"{Mailbox(mailbox)}/messages{query}";

    public string Message(string id, string rest = "") => $"{Path}/messages/{id}{rest}";

    /// <summary>The items of a list; the test fails if the gateway does not answer 200.</summary>
    public async Task<IReadOnlyList<JsonElement>> Items(string path)
    {
        var answer = await Api.Get(path);
        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status}: {answer.Text}");
        return [.. answer.Json.GetProperty("items").EnumerateArray()];
    }

    /// <summary>Adds nothing to a list path but its newest message.</summary>
    public async Task<JsonElement> Newest(string mailbox = "inbox") => (await Items(Messages(mailbox, "?limit=1")))[0];
}
