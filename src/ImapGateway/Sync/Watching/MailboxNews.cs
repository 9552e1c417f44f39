using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>Whether a mailbox has to be looked at.</summary>
public static class MailboxNews
{
    /// <param name="told">STATUS of the mailbox; zeros where the server did not tell.</param>
    public static bool Differs(MailboxState known, MailboxCounters told) =>
        !known.IsComplete
        || (!IsEmpty(known, told) && HasOtherUids(known, told))
        || told.Total != known.Server.Count
        || (told.HighestModSeq > known.HighestModSeq && known.HighestModSeq != 0)
        // Without modSeqs the unread ones are all that STATUS tells of flags.
        || (known.Precision == Precision.Windowed && told.Unseen != known.Server.Unseen);

    /// <summary>The server was asked, and its answer proves that nothing has changed: where it does not tell the HIGHESTMODSEQ of a mailbox that has one, flags may have.</summary>
    /// <param name="told">STATUS of the mailbox; zeros where the server did not tell.</param>
    public static bool IsUnchanged(MailboxState known, MailboxCounters told) => !Differs(known, told) && (known.HighestModSeq == 0 || told.HighestModSeq != 0);

    /// <summary>It has no uids that could mean anything. The UIDVALIDITY of an empty mailbox changes with every command on some servers.</summary>
    private static bool IsEmpty(MailboxState known, MailboxCounters told) => told.Total == 0 && known.Server.Count == 0;

    private static bool HasOtherUids(MailboxState known, MailboxCounters told) =>
        (told.UidValidity != 0 && told.UidValidity != known.UidValidity)
        || (told.UidNext != 0 && told.UidNext != known.UidNext);
}
