using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Messages;

/// <summary>Moves one message to the mailbox with the role trash, or expunges it alone (UID EXPUNGE, RFC 4315).</summary>
[GenerateSerializer, Immutable]
public sealed record DeleteMessage(string Id, bool Permanent) : AccountCommand<bool>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string? Target => Id;

    public override async Task<bool> RunAsync(AccountContext account, CancellationToken cancel)
    {
        if (Permanent)
        {
            return await account.Mailboxes.AloneWithAsync(Id, null, (mailbox, row) => ExpungeAsync(account, mailbox, row, cancel), cancel);
        }
        var (mailbox, found) = account.Mailboxes.FindMessage(Id);
        When.Demand(AccountMailboxes.StateOf(mailbox, found));
        if (mailbox.Role == Role.Trash)
        {
            throw new ProblemException(ErrorCode.Conflict, "The message is in the trash already. With ?permanent=true it is expunged.");
        }
        if (account.Mailboxes.InOrder.OfRole(Role.Trash) is null)
        {
            await account.Mailboxes.Tree.ListAsync(cancel);
        }
        var trash = account.Mailboxes.InOrder.OfRole(Role.Trash)
            ?? throw new ProblemException(ErrorCode.Conflict, "The account has no mailbox with the role trash. Create one, or expunge the message with ?permanent=true.");
        await new MoveMessage(Id, new MailboxRef(trash.Id, null, null)) { When = When }.RunAsync(account, cancel);
        return true;
    }

    private async Task<bool> ExpungeAsync(AccountContext account, MailboxState mailbox, IndexRow row, CancellationToken cancel)
    {
        When.Demand(AccountMailboxes.StateOf(mailbox, row));
        await account.Mailboxes.Rights.DemandAsync(mailbox, [MailboxRights.DeleteMessages, MailboxRights.Expunge], cancel);
        cancel.ThrowIfCancellationRequested();
        // It is not repeated under a condition: the first attempt sets \Deleted, which would make the condition fail in the second.
        var (now, expunged) = await account.Pool.RunAsync(mailbox.Path, repeatable: !When.DemandsState, session => ExpungeAsync(session, mailbox, row), CancellationToken.None);
        await account.Mailboxes.CommitAsync(
            expunged ? new MailboxWrite(mailbox) { Expunged = [row.Uid] }
            : now is { } changed ? new MailboxWrite(mailbox) { Changed = [changed] }
            : new MailboxWrite(mailbox) { Removed = [row.Uid] });
        return expunged ? true : throw (now is null ? new ProblemException(Problem.MessageGone) : Conditions.Failed());
    }

    private async Task<(SeenMessage? Now, bool Expunged)> ExpungeAsync(ImapSession session, MailboxState mailbox, IndexRow row)
    {
        if (!session.Capabilities.HasFlag(ImapCapabilities.UidPlus))
        {
            throw new ProblemException(
                ErrorCode.Unprocessable,
                "The mail server cannot expunge one message alone (no UIDPLUS), and expunging all that are marked could take mail of others along. Mark it with the flag $deleted instead.");
        }
        var folder = await session.SelectAsync(mailbox.Path, write: true, mailbox.UidValidity, row.Uid);
        var id = new UniqueId(folder.UidValidity, row.Uid);
        var mark = new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted) { Silent = true };
        if (When.DemandsState)
        {
            var (now, stored) = await ConditionalStore.RunAsync(session, folder, new SeenMessage(row.Uid, row.Flags, row.ModSeq), mark);
            if (now is null || !stored)
            {
                return (now, false);
            }
        }
        else if (await MailboxLook.FlagsOfAsync(session, folder, row.Uid) is null)
        {
            return (null, false);
        }
        else
        {
            await folder.StoreAsync(id, mark);
        }
        await folder.ExpungeAsync([id]);
        return (null, true);
    }
}
