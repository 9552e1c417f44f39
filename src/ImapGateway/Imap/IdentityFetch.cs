using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>The properties that distinguish a message from others in any mailbox; see <see cref="MessageHeaders"/> for the members.</summary>
public sealed record MessageIdentity(string? EmailId, string? MessageId, DateTimeOffset? Date, string? From, string? Subject)
{
    public static MessageIdentity Of(MessageHeaders headers) =>
        new(headers.EmailId, headers.MessageId, headers.Date, headers.From is [var from, ..] ? from.Address : null, headers.Subject);
}

/// <summary>Reads the identities of many messages with as few requests as possible.</summary>
public static class IdentityFetch
{
    /// <summary>The messages per FETCH. The objects that MailKit builds from an answer take two kilobytes for each message.</summary>
    public const int Window = 5000;

    /// <summary>The messages per FETCH if they have no id at all and their headers are read as a whole.</summary>
    private const int Batch = 250;

    private static readonly HeaderId[] MessageIdField = [HeaderId.MessageId];

    /// <returns>The identities by uid. Messages for which the server sends no answer are missing.</returns>
    public static async Task<IReadOnlyDictionary<uint, MessageIdentity>> RunAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        var own = session.Capabilities.HasFlag(ImapCapabilities.ObjectID) ? MessageSummaryItems.EmailId
            : session.Capabilities.HasFlag(ImapCapabilities.GMailExt1) ? MessageSummaryItems.GMailMessageId
            : MessageSummaryItems.None;
        var request = own == MessageSummaryItems.None ? new FetchRequest(MessageSummaryItems.UniqueId, MessageIdField) : new FetchRequest(MessageSummaryItems.UniqueId | own);
        var found = new Dictionary<uint, MessageIdentity>(uids.Count);
        var unnamed = new List<uint>();
        foreach (var summary in await folder.FetchAsync([.. uids.Select(uid => new UniqueId(folder.UidValidity, uid))], request))
        {
            if (!summary.UniqueId.IsValid)
            {
                continue;
            }
            var emailId = summary.EmailId ?? (summary.GMailMessageId is > 0 and var id ? id.ToString(System.Globalization.CultureInfo.InvariantCulture) : null);
            var messageId = HeaderFields.Of(summary.Headers).Id("Message-ID");
            if (emailId is null && messageId is null)
            {
                unnamed.Add(summary.UniqueId.Id);
            }
            else
            {
                found[summary.UniqueId.Id] = new MessageIdentity(emailId, messageId, null, null, null);
            }
        }
        foreach (var some in unnamed.Chunk(Batch))
        {
            foreach (var (uid, headers) in await HeaderFetch.RunAsync(session, path, uidValidity, some))
            {
                found[uid] = MessageIdentity.Of(headers);
            }
        }
        return found;
    }
}
