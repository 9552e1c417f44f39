using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>Whether a mailbox has to be looked at.</summary>
public static class MailboxNews
{
    /// <param name="told">STATUS of the mailbox; zeros where the server did not tell.</param>
    public static bool Differs(MailboxState known, MailboxCounters told) =>
        !known.IsComplete
        || (told.UidValidity != 0 && told.UidValidity != known.UidValidity)
        || (told.UidNext != 0 && told.UidNext != known.UidNext)
        || told.Total != known.Server.Count
        || (told.HighestModSeq > known.HighestModSeq && known.HighestModSeq != 0)
        // Without modSeqs the unread ones are all that STATUS tells of flags.
        || (known.Precision == Precision.Windowed && told.Unseen != known.Server.Unseen);
}
