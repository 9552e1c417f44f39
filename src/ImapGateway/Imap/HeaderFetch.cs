using ImapGateway.Html;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>Header fields, structure, date and size of many messages in one FETCH.</summary>
public static class HeaderFetch
{
    private const MessageSummaryItems Basic = MessageSummaryItems.UniqueId | MessageSummaryItems.InternalDate | MessageSummaryItems.Size;

    /// <param name="previews">With the beginning of the text: by the same FETCH where the server has PREVIEW (RFC 8970), else by one more.</param>
    /// <returns>By uid; messages that have gone meanwhile are missing.</returns>
    public static async Task<IReadOnlyDictionary<uint, MessageHeaders>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids, bool previews = false)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        var items = Basic | MessageSummaryItems.BodyStructure;
        if (session.Capabilities.HasFlag(ImapCapabilities.ObjectID))
        {
            items |= MessageSummaryItems.EmailId | MessageSummaryItems.ThreadId;
        }
        if (session.Capabilities.HasFlag(ImapCapabilities.GMailExt1))
        {
            items |= MessageSummaryItems.GMailMessageId | MessageSummaryItems.GMailThreadId;
        }
        var hasPreview = session.Capabilities.HasFlag(ImapCapabilities.Preview);
        if (previews && hasPreview)
        {
            items |= MessageSummaryItems.PreviewText;
        }
        var request = new FetchRequest(items, SummaryMapping.Fields);
        var summaries = await ThereAsync(session, folder, await FetchAsync(folder, uids, request), request);
        await StructureRepair.RunAsync(session, path, uidValidity, summaries);
        var headers = await FilenameFetch.RunAsync(session, path, uidValidity, summaries.ToDictionary(summary => summary.UniqueId.Id, summary => SummaryMapping.Headers(summary)));
        headers = await ReferenceFetch.RunAsync(session, path, uidValidity, headers);
        if (!previews)
        {
            return headers;
        }
        return hasPreview
            ? summaries.ToDictionary(summary => summary.UniqueId.Id, summary => headers[summary.UniqueId.Id] with { Preview = PreviewText.OneLine(summary.PreviewText ?? "") })
            : await PreviewFetch.RunAsync(session, path, uidValidity, headers);
    }

    /// <summary>
    /// For a message whose BODYSTRUCTURE breaks the parser, and with it the session: only what needs no parsing by the server is asked for.
    /// </summary>
    public static async Task<MessageHeaders?> PlainAsync(ImapSession session, string path, uint uidValidity, uint uid)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uid);
        var found = await FetchAsync(folder, [uid], new FetchRequest(Basic));
        if (found is not [var summary])
        {
            return null;
        }
        using var stream = await folder.GetStreamAsync(summary.UniqueId, "HEADER");
        using var header = new MemoryStream();
        await stream.CopyToAsync(header);
        return SummaryMapping.FromRawHeader(header.GetBuffer().AsSpan(0, (int)header.Length), summary.InternalDate, summary.Size ?? 0) with { Preview = "" };
    }

    /// <summary>
    /// Of a message that was expunged while it was being read servers make up what they no longer have (RFC 2180 section 4.1.3): Dovecot a header without fields, Courier a message from
    /// root@localhost. Such messages are asked for again, once the server has told which are gone.
    /// </summary>
    private static async Task<List<IMessageSummary>> ThereAsync(ImapSession session, ImapFolder folder, List<IMessageSummary> summaries, FetchRequest request)
    {
        var silent = summaries.Where(IsMadeUp).Select(summary => summary.UniqueId.Id).ToList();
        if (silent.Count == 0)
        {
            return summaries;
        }
        await session.Client.NoOpAsync();
        var there = (await FetchAsync(folder, silent, new FetchRequest(Basic))).ConvertAll(summary => summary.UniqueId.Id);
        var again = there.Count == 0 ? [] : await FetchAsync(folder, there, request);
        return [.. summaries.Where(summary => !IsMadeUp(summary)), .. again.Where(summary => !IsUnavailable(summary))];
    }

    private static bool IsMadeUp(IMessageSummary summary) => summary.Headers is null or { Count: 0 } || IsUnavailable(summary);

    /// <summary>What Courier answers in place of a message whose file is gone: these two fields, and no other.</summary>
    private static bool IsUnavailable(IMessageSummary summary) =>
        summary.Headers is { Count: 2 } headers && headers[HeaderId.From]?.Trim() == "System Administrator <root@localhost>" && headers[HeaderId.Subject]?.Trim() == "message unavailable";

    private static async Task<List<IMessageSummary>> FetchAsync(ImapFolder folder, IEnumerable<uint> uids, FetchRequest request)
    {
        var summaries = await folder.FetchAsync([.. uids.Select(uid => new UniqueId(folder.UidValidity, uid))], request);
        return [.. summaries.Where(summary => summary.UniqueId.IsValid && IsAnswered(summary, request)).DistinctBy(summary => summary.UniqueId.Id)];
    }

    /// <summary>
    /// Flags that others set are told in between (RFC 3501 section 7.4.2), also of a message that is gone by the time its turn comes: of it nothing that was asked for is said.
    /// </summary>
    private static bool IsAnswered(IMessageSummary summary, FetchRequest request) =>
        request.Items == MessageSummaryItems.UniqueId ? summary.Headers is not null : (summary.Fields & request.Items & ~MessageSummaryItems.UniqueId) != 0;
}
