using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Sync;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Messages;

/// <summary>Moves one message to the mailbox with the role trash, or expunges it alone (UID EXPUNGE, RFC 4315).</summary>
[GenerateSerializer, Immutable]
public sealed record DeleteMessage(string Id, bool Permanent) : AccountCommand<bool>
{
    public override string? Target => Id;

    public override async Task<bool> RunAsync(AccountContext account, CancellationToken cancel)
    {
        if (Permanent)
        {
            return await account.Mailboxes.AloneWithAsync(Id, null, (mailbox, row) => ExpungeAsync(account, mailbox, row, cancel), cancel);
        }
        var (mailbox, _) = account.Mailboxes.FindMessage(Id);
        if (mailbox.Role == Role.Trash)
        {
            throw new ProblemException(ErrorCode.Conflict, "The message is in the trash already. With ?permanent=true it is expunged.");
        }
        if (account.Mailboxes.All.All(one => one.Role != Role.Trash))
        {
            await account.Mailboxes.ListAsync(cancel);
        }
        var trash = account.Mailboxes.All.FirstOrDefault(one => one.Role == Role.Trash)
            ?? throw new ProblemException(ErrorCode.Conflict, "The account has no mailbox with the role trash. Create one, or expunge the message with ?permanent=true.");
        await new MoveMessage(Id, new MailboxRef(trash.Id, null, null)).RunAsync(account, cancel);
        return true;
    }

    private static async Task<bool> ExpungeAsync(AccountContext account, MailboxState mailbox, IndexRow row, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var existed = await account.Pool.RunAsync(mailbox.Path, repeatable: true, session => ExpungeAsync(session, mailbox, row.Uid), CancellationToken.None);
        await account.Mailboxes.CommitAsync(existed ? new MailboxWrite(mailbox) { Expunged = [row.Uid] } : new MailboxWrite(mailbox) { Removed = [row.Uid] });
        return existed ? true : throw new ProblemException(ErrorCode.Gone, "The message is gone.");
    }

    private static async Task<bool> ExpungeAsync(ImapSession session, MailboxState mailbox, uint uid)
    {
        if (!session.Capabilities.HasFlag(ImapCapabilities.UidPlus))
        {
            throw new ProblemException(
                ErrorCode.Unprocessable,
                "The mail server cannot expunge one message alone (no UIDPLUS), and expunging all that are marked could take mail of others along. Mark it with the flag $deleted instead.");
        }
        var folder = await session.SelectAsync(mailbox.Path, write: true, mailbox.UidValidity, uid);
        var id = new UniqueId(folder.UidValidity, uid);
        if (await MailboxLook.FlagsOfAsync(session, folder, uid) is null)
        {
            return false;
        }
        await folder.StoreAsync(id, new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted) { Silent = true });
        await folder.ExpungeAsync([id]);
        return true;
    }
}
