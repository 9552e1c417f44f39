using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Messages;

/// <summary>
/// Moves one message to another mailbox: MOVE (RFC 6851), else COPY, STORE and UID EXPUNGE (RFC 4315). Its id stays the same. On a server without
/// UIDPLUS nothing is expunged, since that could remove other messages: the original stays, marked $deleted, as a message of its own.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record MoveMessage(string Id, MailboxRef To) : AccountCommand<Tagged<Message>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string? Target => Id;

    public override async Task<Tagged<Message>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var target = await account.Mailboxes.Tree.ResolveAsync(To, cancel);
        var (source, row) = account.Mailboxes.FindMessage(Id);
        When.Demand(AccountMailboxes.StateOf(source, row));
        if (source != target)
        {
            await account.Mailboxes.Rights.DemandAsync(target, [MailboxRights.Insert], cancel);
            // The messages in the target must be known first, or the moved message could not be distinguished from them.
            await account.Mailboxes.Refresh.UpToDateAsync(target, cancel);
            await account.Mailboxes.AloneWithAsync(Id, target, (now, found) => MoveAsync(account, now, target, found, cancel), cancel);
        }
        return await GetMessage.ReadAsync(account, Id, When.Afterwards, cancel);
    }

    private async Task<bool> MoveAsync(AccountContext account, MailboxState source, MailboxState target, IndexRow row, CancellationToken cancel)
    {
        if (source == target)
        {
            return true;
        }
        When.Demand(AccountMailboxes.StateOf(source, row));
        await account.Mailboxes.Rights.DemandAsync(source, [MailboxRights.Expunge], cancel);
        // From here on the outcome is recorded even if the client does not wait for it.
        cancel.ThrowIfCancellationRequested();
        var done = await account.Pool.RunAsync(source.Path, repeatable: false, session => MoveAsync(session, source, target, row), CancellationToken.None);
        if (done.Gone)
        {
            await account.Mailboxes.CommitAsync(new MailboxWrite(source) { Removed = [row.Uid] });
            throw new ProblemException(Problem.MessageGone);
        }
        if (done.Changed is { } changed)
        {
            await account.Mailboxes.CommitAsync(new MailboxWrite(source) { Changed = [changed] });
            throw Conditions.Failed();
        }
        var arrived = done.NewUid is { } uid && await account.Mailboxes.Refresh.AdoptAsync(target, uid.Validity) ? uid.Id : await Arrival.FindAsync(account, source, target, row, CancellationToken.None);
        await account.Mailboxes.CommitAsync(new DoneMove(source, row.Uid, target, arrived, done.Left is { } left ? await OriginalAsync(account, source, left) : null));
        return true;
    }

    /// <summary>Returns the original that could not be expunged. It is a message of its own now, and is reported as one.</summary>
    private static async Task<NewMessage?> OriginalAsync(AccountContext account, MailboxState source, SeenMessage left)
    {
        var headers = await account.Headers.ReadAsync(source.Counter, source.Path, source.UidValidity, [left.Uid], CancellationToken.None);
        return headers.TryGetValue(left.Uid, out var known) ? new NewMessage(left, known) : null;
    }

    /// <param name="NewUid">The uid by COPYUID, with its UIDVALIDITY; null if the server does not send it.</param>
    /// <param name="Left">The original, if it could not be expunged.</param>
    /// <param name="Changed">The message if it does not match the condition any more; it stays where it is.</param>
    private sealed record Outcome(bool Gone, UniqueId? NewUid, SeenMessage? Left, SeenMessage? Changed = null);

    private async Task<Outcome> MoveAsync(ImapSession session, MailboxState source, MailboxState target, IndexRow row)
    {
        var uid = row.Uid;
        var folder = await session.SelectAsync(source.Path, write: true, source.UidValidity, uid);
        var destination = await session.FolderAsync(target.Path);
        var (now, isUnchanged) = await LookAsync(session, folder, row);
        if (now is null || !isUnchanged)
        {
            return new Outcome(Gone: now is null, null, null, now);
        }
        return await session.TryWithAsync(ImapCapabilities.Move, () => MoveAsync(session, source, target, folder, destination, uid));
    }

    private static async Task<Outcome> MoveAsync(ImapSession session, MailboxState source, MailboxState target, ImapFolder folder, IMailFolder destination, uint uid)
    {
        var id = new UniqueId(folder.UidValidity, uid);
        if (session.Capabilities.HasFlag(ImapCapabilities.Move))
        {
            return new Outcome(false, NewUid(await folder.MoveToAsync([id], destination), target), null);
        }
        if (MailboxRights.Missing(source.Rights ?? "", [MailboxRights.DeleteMessages]) is { } missing)
        {
            // Without MOVE (RFC 6851) the original has to be marked first.
            throw MailboxRights.Denied(missing);
        }
        var copied = NewUid(await folder.CopyToAsync([id], destination), target);
        await folder.StoreAsync(id, new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted) { Silent = true });
        if (!session.Capabilities.HasFlag(ImapCapabilities.UidPlus))
        {
            return new Outcome(false, copied, await MailboxLook.FlagsOfAsync(session, folder, uid));
        }
        await folder.ExpungeAsync([id]);
        return new Outcome(false, copied, null);
    }

    /// <summary>Returns the flags before the move. MOVE has no condition: a change by another client between this command and the move is moved along.</summary>
    private async Task<(SeenMessage? Now, bool IsUnchanged)> LookAsync(ImapSession session, ImapFolder folder, IndexRow row) => When.DemandsState
        ? await ConditionalStore.LookAsync(session, folder, new SeenMessage(row.Uid, row.Flags, row.ModSeq))
        : (await MailboxLook.FlagsOfAsync(session, folder, row.Uid), true);

    private static UniqueId? NewUid(UniqueIdMap map, MailboxState target) =>
        map.Destination is [var uid, ..] ? new UniqueId(uid.Validity == 0 ? target.UidValidity : uid.Validity, uid.Id) : null;
}
