using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>Whether a mailbox has to be looked at.</summary>
public static class MailboxNews
{
    /// <summary>All there was has been read; a first look that was interrupted knows only a part.</summary>
    public static bool IsIndexed(MailboxState known) => known.UidValidity != 0 && (known.HighestModSeq != 0 || known.Precision != Precision.Exact);

    /// <param name="told">STATUS of the mailbox; zeros where the server did not tell.</param>
    public static bool Differs(MailboxState known, MailboxCounters told) =>
        !IsIndexed(known)
        || (told.UidValidity != 0 && told.UidValidity != known.UidValidity)
        || (told.UidNext != 0 && told.UidNext != known.UidNext)
        || told.Total != known.Server.Count
        || (told.HighestModSeq > known.HighestModSeq && known.HighestModSeq != 0)
        // Without modSeqs the unread ones are all that STATUS tells of flags.
        || (known.Precision == Precision.Windowed && told.Unseen != known.Server.Unseen);
}
