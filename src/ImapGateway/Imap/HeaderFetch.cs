using ImapGateway.Mail;
using MailKit;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>Envelope, structure, date, size of many messages in one FETCH.</summary>
public static class HeaderFetch
{
    private static readonly FetchRequest Request = new(
        MessageSummaryItems.UniqueId | MessageSummaryItems.Envelope | MessageSummaryItems.BodyStructure | MessageSummaryItems.InternalDate | MessageSummaryItems.Size,
        [HeaderId.References]);

    public static async Task<IReadOnlyDictionary<uint, MessageHeaders>> RunAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        var summaries = await folder.FetchAsync([.. uids.Select(uid => new UniqueId(folder.UidValidity, uid))], Request);
        return summaries.Where(summary => summary.UniqueId.IsValid).ToDictionary(summary => summary.UniqueId.Id, SummaryMapping.Headers);
    }
}
