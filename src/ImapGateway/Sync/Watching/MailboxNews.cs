using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>Decides from a STATUS whether a mailbox must be refreshed.</summary>
public static class MailboxNews
{
    /// <param name="told">The STATUS of the mailbox, with zeros for values that the server did not report.</param>
    public static bool Differs(MailboxState known, MailboxCounters told) =>
        !known.IsComplete
        || (!IsEmpty(known, told) && HasOtherUids(known, told))
        || told.Total != known.Server.Count
        || (told.HighestModSeq > known.HighestModSeq && known.HighestModSeq != 0)
        // Without modSeqs, the number of unread messages is all that STATUS reports of flags.
        || (known.Precision == Precision.Windowed && told.Unseen != known.Server.Unseen);

    /// <summary>True if the answer of the server proves that nothing has changed. If it does not report the HIGHESTMODSEQ of a mailbox that has one, flags may have changed.</summary>
    /// <param name="told">The STATUS of the mailbox, with zeros for values that the server did not report.</param>
    public static bool IsUnchanged(MailboxState known, MailboxCounters told) => !Differs(known, told) && (known.HighestModSeq == 0 || told.HighestModSeq != 0);

    /// <summary>True if the mailbox has no uids that could mean anything. On some servers the UIDVALIDITY of an empty mailbox changes with every command.</summary>
    private static bool IsEmpty(MailboxState known, MailboxCounters told) => told.Total == 0 && known.Server.Count == 0;

    private static bool HasOtherUids(MailboxState known, MailboxCounters told) =>
        (told.UidValidity != 0 && told.UidValidity != known.UidValidity)
        || (told.UidNext != 0 && told.UidNext != known.UidNext);
}
