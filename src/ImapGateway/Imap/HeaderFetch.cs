using ImapGateway.Html;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>Reads header fields, structure, date and size of many messages in one FETCH.</summary>
public static class HeaderFetch
{
    /// <summary>The maximum number of octets of a header that is read as it was sent. This is the size with tens of thousands of recipients.</summary>
    private const int MostInHeader = 4 << 20;

    private const MessageSummaryItems Basic = MessageSummaryItems.UniqueId | MessageSummaryItems.InternalDate | MessageSummaryItems.Size;

    /// <param name="previews">True to include the beginning of the text: by the same FETCH if the server has PREVIEW (RFC 8970), else by one more.</param>
    /// <returns>The headers by uid. Messages for which the server sends no answer are missing.</returns>
    public static Task<IReadOnlyDictionary<uint, MessageHeaders>> RunAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids, bool previews = false) => previews
        ? session.TryWithAsync(ImapCapabilities.Preview, () => ReadAsync(session, path, uidValidity, uids, previews))
        : ReadAsync(session, path, uidValidity, uids, previews);

    private static async Task<IReadOnlyDictionary<uint, MessageHeaders>> ReadAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids, bool previews)
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
        var sizes = new Dictionary<uint, long>();
        var summaries = await ThereAsync(session, folder, await FetchAsync(session, folder, uids, request, sizes), request, sizes);
        await StructureRepair.RunAsync(session, path, uidValidity, summaries);
        return summaries.ToDictionary(
            summary => summary.UniqueId.Id,
            // An empty preview may mean that the server has made none (Cyrus). The text of the message decides.
            summary => SummaryMapping.Headers(summary, size: LargeSize(sizes, summary)) with { Preview = previews && hasPreview && PreviewText.OneLine(summary.PreviewText ?? "") is { Length: > 0 } line ? line : null });
    }

    /// <summary>True if <see cref="CompleteAsync"/> has nothing left to fetch.</summary>
    public static bool IsComplete(MessageHeaders headers) => headers.Preview is not null && !EncodingFetch.IsNeeded(headers) && !FilenameFetch.IsNeeded(headers) && !ReferenceFetch.IsNeeded(headers);

    /// <summary>Completes file names, encodings, the use of pictures, and previews that the server does not have, from the texts of the messages and the headers of their parts.</summary>
    /// <returns>The headers by uid. Messages whose text the server does not send are missing.</returns>
    public static async Task<IReadOnlyDictionary<uint, MessageHeaders>> CompleteAsync(ImapSession session, string path, uint uidValidity, IReadOnlyDictionary<uint, MessageHeaders> messages)
    {
        var named = await FilenameFetch.RunAsync(session, path, uidValidity, messages);
        var judged = await ReferenceFetch.RunAsync(session, path, uidValidity, named);
        var previewed = await PreviewFetch.RunAsync(session, path, uidValidity, judged.Where(one => one.Value.Preview is null).ToDictionary());
        var complete = judged.Where(one => one.Value.Preview is not null).Concat(previewed).ToDictionary();
        foreach (var (uid, one) in await PreviewFetch.RunAsync(session, path, uidValidity, await EncodingFetch.RunAsync(session, path, uidValidity, complete)))
        {
            complete[uid] = one;
        }
        return complete;
    }

    /// <summary>Reads the date of receipt and the size by uid, which servers know without reading a message.</summary>
    public static async Task<IReadOnlyDictionary<uint, (DateTimeOffset? ReceivedAt, long? Size)>> BasicAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        var sizes = new Dictionary<uint, long>();
        var summaries = await FetchAsync(session, folder, uids, new FetchRequest(Basic), sizes);
        return summaries.ToDictionary(summary => summary.UniqueId.Id, summary => (Dates.Plausible(summary.InternalDate), LargeSize(sizes, summary) ?? summary.Size));
    }

    /// <summary>Reads the header of a message as it was sent. The structure contains only what the header says.</summary>
    /// <param name="known">The headers with date of receipt and size.</param>
    public static async Task<MessageHeaders> PlainAsync(ImapSession session, string path, uint uidValidity, uint uid, MessageHeaders known)
    {
        var found = await SectionFetch.RunAsync(session, path, uidValidity, [uid], [new SectionSlice("HEADER", 0, MostInHeader)]);
        return found.GetValueOrDefault((uid, "HEADER")) is { Length: > 0 } header ? SummaryMapping.FromRawHeader(header, known.ReceivedAt, known.Size) : known;
    }

    /// <summary>
    /// Fetches again the messages that were expunged while they were read. Servers make up the data that they no longer have (RFC 2180 section 4.1.3): Dovecot sends a header without fields,
    /// Courier a message from root@localhost. These messages are fetched after the server has reported which ones no longer exist. An answer without the header fields is none.
    /// </summary>
    private static async Task<List<IMessageSummary>> ThereAsync(ImapSession session, ImapFolder folder, List<IMessageSummary> summaries, FetchRequest request, Dictionary<uint, long> sizes)
    {
        var silent = summaries.Where(IsMadeUp).Select(summary => summary.UniqueId.Id).ToList();
        if (silent.Count == 0)
        {
            return summaries;
        }
        await session.Client.NoOpAsync();
        var there = (await FetchAsync(session, folder, silent, new FetchRequest(Basic), sizes)).ConvertAll(summary => summary.UniqueId.Id);
        var again = there.Count == 0 ? [] : await FetchAsync(session, folder, there, request, sizes);
        return [.. summaries.Where(summary => !IsMadeUp(summary)), .. again.Where(summary => summary.Headers is not null && !UnavailableMessage.IsHeader(summary.Headers))];
    }

    private static bool IsMadeUp(IMessageSummary summary) => summary.Headers is null or { Count: 0 } || UnavailableMessage.IsHeader(summary.Headers);

    /// <param name="sizes">Receives the sizes by uid that a summary cannot represent.</param>
    private static async Task<List<IMessageSummary>> FetchAsync(ImapSession session, ImapFolder folder, IEnumerable<uint> uids, FetchRequest request, Dictionary<uint, long> sizes)
    {
        var summaries = await folder.FetchAsync([.. uids.Select(uid => new UniqueId(folder.UidValidity, uid))], request);
        foreach (var (uid, size) in session.LargeSizes)
        {
            sizes[uid] = size;
        }
        return [.. summaries.Where(summary => summary.UniqueId.IsValid && IsAnswered(summary, request)).DistinctBy(summary => summary.UniqueId.Id)];
    }

    private static long? LargeSize(Dictionary<uint, long> sizes, IMessageSummary summary) => sizes.TryGetValue(summary.UniqueId.Id, out var size) ? size : null;

    /// <summary>
    /// True if the answer contains the requested data. The server reports flags set by other clients in between (RFC 3501 section 7.4.2), also for a message that no longer exists when it is
    /// processed. Such an answer contains none of the requested data.
    /// </summary>
    private static bool IsAnswered(IMessageSummary summary, FetchRequest request) =>
        request.Items == MessageSummaryItems.UniqueId ? summary.Headers is not null : (summary.Fields & request.Items & ~MessageSummaryItems.UniqueId) != 0;
}
