using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>Changes the flags of a message only if no other client has changed it since the caller read it.</summary>
public static class ConditionalStore
{
    /// <summary>
    /// Stores flags with UNCHANGEDSINCE (RFC 7162 section 3.1.3) if the server and the mailbox have modSeqs, so that no other change can come between. Otherwise the message is read right before
    /// the change.
    /// </summary>
    /// <returns>The message as it is afterwards, or null if it no longer exists; and whether anything was stored.</returns>
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
            // Some servers answer NO with MODIFIED, which MailKit takes for a failure.
            var now = await MailboxLook.FlagsOfAsync(session, folder, known.Uid);
            if (IsUnchanged(known, now))
            {
                throw;
            }
            return (now, false);
        }
    }

    /// <summary>Reads the message as it is now, or null if it no longer exists. Also returns whether it is unchanged.</summary>
    public static async Task<(SeenMessage? Now, bool IsUnchanged)> LookAsync(ImapSession session, ImapFolder folder, SeenMessage known)
    {
        // The server reports flags set by other clients to a session that asks (RFC 3501 section 7.4.2). A FETCH may answer from old data.
        await session.Client.NoOpAsync();
        var now = await MailboxLook.FlagsOfAsync(session, folder, known.Uid);
        return (now, IsUnchanged(known, now));
    }

    /// <summary>True if the message is unchanged. A message is known by the modSeq of its mailbox until it changes, which may be higher than its own.</summary>
    private static bool IsUnchanged(SeenMessage known, SeenMessage? now) =>
        now is { } seen && seen.Flags.Equals(known.Flags) && (known.ModSeq == 0 || seen.ModSeq <= known.ModSeq);
}
