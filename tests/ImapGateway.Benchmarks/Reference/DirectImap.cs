using System.Diagnostics;
using ImapGateway.IntegrationTests.Servers;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Benchmarks.Reference;

/// <summary>One MailKit session that fetches what the gateway's lists show, straight from the mail server.</summary>
public sealed class DirectImap : IDisposable
{
    private const MessageSummaryItems Shown = MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.InternalDate | MessageSummaryItems.Size
        | MessageSummaryItems.Envelope | MessageSummaryItems.BodyStructure | MessageSummaryItems.References | MessageSummaryItems.PreviewText;

    private readonly ImapClient _client;

    private DirectImap(ImapClient client) => _client = client;

    public int Count => _client.Inbox!.Count;

    /// <summary>Logged in, the inbox selected.</summary>
    public static async Task<DirectImap> Open(DovecotServer dovecot, string user)
    {
        var client = await dovecot.Client(user);
        await client.Inbox!.OpenAsync(FolderAccess.ReadOnly);
        return new DirectImap(client);
    }

    /// <param name="skipped">How many newer ones there are above the page.</param>
    public async Task FetchAsync(int page, int skipped = 0)
    {
        var last = Count - 1 - skipped;
        var fetched = await _client.Inbox!.FetchAsync(last - page + 1, last, new FetchRequest(Shown));
        if (fetched.Count != page)
        {
            throw new InvalidOperationException($"The mail server showed {fetched.Count} messages of {page}.");
        }
    }

    /// <summary>The newest page, again and again.</summary>
    /// <returns>Pages per second.</returns>
    public async Task<double> RateAsync(int page, TimeSpan duration)
    {
        var start = Stopwatch.GetTimestamp();
        var pages = 0;
        for (; Stopwatch.GetElapsedTime(start) < duration; pages++)
        {
            await FetchAsync(page);
        }
        return pages / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose() => _client.Dispose();
}
