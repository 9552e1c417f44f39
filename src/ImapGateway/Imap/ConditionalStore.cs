using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>Changes flags of a message only if nobody else has changed it since it was known.</summary>
public static class ConditionalStore
{
    /// <summary>
    /// UNCHANGEDSINCE (RFC 7162 section 3.1.3) where the server and the mailbox have modSeqs: nobody comes between. Elsewhere the message is looked at right before.
    /// </summary>
    /// <returns>The message as it is afterwards, null where it is gone; and whether anything was stored.</returns>
    public static async Task<(SeenMessage? Now, bool Stored)> RunAsync(ImapSession session, ImapFolder folder, SeenMessage known, StoreFlagsRequest request)
    {
        if (known.ModSeq == 0 || !session.Capabilities.HasFlag(ImapCapabilities.CondStore) || !folder.Supports(FolderFeature.ModSequences))
        {
            var (now, isUnchanged) = await LookAsync(session, folder, known);
            if (!isUnchanged)
            {
                return (now, false);
            }
            await folder.StoreAsync(new UniqueId(folder.UidValidity, known.Uid), request);
            return (await MailboxLook.FlagsOfAsync(session, folder, known.Uid), true);
        }
        request.UnchangedSince = known.ModSeq;
        try
        {
            var stored = await folder.StoreAsync(new UniqueId(folder.UidValidity, known.Uid), request);
            return (await MailboxLook.FlagsOfAsync(session, folder, known.Uid), stored);
        }
        catch (ImapCommandException e) when (e.Response == ImapCommandResponse.No)
        {
            // Some say NO with MODIFIED, which MailKit takes for a failure.
            var now = await MailboxLook.FlagsOfAsync(session, folder, known.Uid);
            if (IsUnchanged(known, now))
            {
                throw;
            }
            return (now, false);
        }
    }

    /// <summary>The message as it is now, null where it is gone; and whether that is how it was known.</summary>
    public static async Task<(SeenMessage? Now, bool IsUnchanged)> LookAsync(ImapSession session, ImapFolder folder, SeenMessage known)
    {
        // Flags that others set are told to a session that asks (RFC 3501 section 7.4.2); a FETCH may answer without having looked.
        await session.Client.NoOpAsync();
        var now = await MailboxLook.FlagsOfAsync(session, folder, known.Uid);
        return (now, IsUnchanged(known, now));
    }

    /// <summary>A message is known with the modSeq of its mailbox until it changes, which may be higher than its own.</summary>
    private static bool IsUnchanged(SeenMessage known, SeenMessage? now) =>
        now is { } seen && seen.Flags.Equals(known.Flags) && (known.ModSeq == 0 || seen.ModSeq <= known.ModSeq);
}
