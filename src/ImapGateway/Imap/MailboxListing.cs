using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>A mailbox as LIST shows it.</summary>
/// <param name="Path">Decoded, with the server's delimiter.</param>
/// <param name="SpecialUse">By SPECIAL-USE or XLIST; the server's own word.</param>
/// <param name="ObjectId">MAILBOXID, where a session that had it selected has learned it.</param>
public sealed record ListedMailbox(string Path, string? Delimiter, bool Subscribed, bool Selectable, Role? SpecialUse, string? ObjectId, MailboxCounters? Counters)
{
    public string Name => Delimiter is { Length: > 0 } && Path.LastIndexOf(Delimiter, StringComparison.Ordinal) is >= 0 and var at ? Path[(at + Delimiter.Length)..] : Path;

    public string? ParentPath => Delimiter is { Length: > 0 } && Path.LastIndexOf(Delimiter, StringComparison.Ordinal) is > 0 and var at ? Path[..at] : null;
}

/// <summary>STATUS of a mailbox (RFC 3501 section 6.3.10).</summary>
public sealed record MailboxCounters(long Total, long Unseen, uint UidValidity, uint UidNext, ulong HighestModSeq);

public static class MailboxListing
{
    /// <summary>All mailboxes the account can see, with counters: one round trip per namespace with LIST-STATUS (RFC 5819), else a STATUS for each.</summary>
    public static async Task<IReadOnlyList<ListedMailbox>> AllAsync(ImapSession session)
    {
        var client = session.Client;
        var items = StatusItems.Count | StatusItems.Unread | StatusItems.UidNext | StatusItems.UidValidity;
        if (session.Capabilities.HasFlag(ImapCapabilities.CondStore))
        {
            items |= StatusItems.HighestModSeq;
        }
        var folders = new Dictionary<string, IMailFolder>(StringComparer.Ordinal);
        foreach (var root in client.PersonalNamespaces.Concat(client.SharedNamespaces).Concat(client.OtherNamespaces))
        {
            foreach (var folder in await client.GetFoldersAsync(root, items))
            {
                folders.TryAdd(folder.FullName, folder);
            }
        }
        if (folders.TryAdd(client.Inbox.FullName, client.Inbox))
        {
            // LIST "INBOX.*" of a server that keeps everything below INBOX leaves it out.
            await client.Inbox.StatusAsync(items);
        }
        return [.. folders.Values.Where(folder => folder.FullName.Length > 0).Select(Listed).OrderBy(mailbox => mailbox.Path, StringComparer.Ordinal)];
    }

    private static ListedMailbox Listed(IMailFolder folder)
    {
        var selectable = (folder.Attributes & (FolderAttributes.NoSelect | FolderAttributes.NonExistent)) == 0;
        return new ListedMailbox(
            folder.FullName,
            folder.DirectorySeparator == '\0' ? null : folder.DirectorySeparator.ToString(),
            folder.IsSubscribed,
            selectable,
            SpecialUse(folder.Attributes),
            folder.Id,
            selectable ? new MailboxCounters(folder.Count, folder.Unread, folder.UidValidity, folder.UidNext?.Id ?? 0, folder.HighestModSeq) : null);
    }

    private static Role? SpecialUse(FolderAttributes attributes) => attributes switch
    {
        _ when attributes.HasFlag(FolderAttributes.Inbox) => Role.Inbox,
        _ when attributes.HasFlag(FolderAttributes.Sent) => Role.Sent,
        _ when attributes.HasFlag(FolderAttributes.Drafts) => Role.Drafts,
        _ when attributes.HasFlag(FolderAttributes.Trash) => Role.Trash,
        _ when attributes.HasFlag(FolderAttributes.Junk) => Role.Junk,
        _ when attributes.HasFlag(FolderAttributes.Archive) => Role.Archive,
        _ when attributes.HasFlag(FolderAttributes.All) => Role.All,
        _ when attributes.HasFlag(FolderAttributes.Flagged) => Role.Flagged,
        _ when attributes.HasFlag(FolderAttributes.Important) => Role.Important,
        _ => null,
    };
}
