using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Sync;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Messages;

/// <summary>
/// Moves one message to another mailbox: MOVE (RFC 6851), else COPY, STORE and UID EXPUNGE (RFC 4315). Its id stays the same. On a server without
/// UIDPLUS nothing is expunged, for that could take somebody else's mail along: the original stays behind, marked $deleted, as a message of its own.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record MoveMessage(string Id, MailboxRef To) : AccountCommand<Message>
{
    public override string? Target => Id;

    public override async Task<Message> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var target = await account.Mailboxes.ResolveAsync(To, cancel);
        var (source, _) = account.Mailboxes.FindMessage(Id);
        if (source != target)
        {
            // What is in the target before must be known, or the message could not be told from it.
            await account.Mailboxes.UpToDateAsync(target, cancel);
            await account.Mailboxes.AloneWithAsync(Id, target, (now, row) => MoveAsync(account, now, target, row, cancel), cancel);
        }
        return await GetMessage.ReadAsync(account, Id, cancel);
    }

    private static async Task<bool> MoveAsync(AccountContext account, MailboxState source, MailboxState target, IndexRow row, CancellationToken cancel)
    {
        if (source == target)
        {
            return true;
        }
        // From here on the outcome is recorded whether the client still waits for it or not.
        cancel.ThrowIfCancellationRequested();
        var done = await account.Pool.RunAsync(source.Path, repeatable: false, session => MoveAsync(session, source, target, row.Uid), CancellationToken.None);
        if (done.Gone)
        {
            await account.Mailboxes.CommitAsync(new MailboxWrite(source) { Removed = [row.Uid] });
            throw new ProblemException(ErrorCode.Gone, "The message is gone.");
        }
        var arrived = done.NewUid ?? await Arrival.FindAsync(account, source, target, row, CancellationToken.None);
        await account.Mailboxes.CommitAsync(new DoneMove(source, row.Uid, target, arrived, done.Left is { } left ? await OriginalAsync(account, source, left) : null));
        return true;
    }

    /// <summary>What could not be expunged is a message of its own now, and is told as one.</summary>
    private static async Task<NewMessage?> OriginalAsync(AccountContext account, MailboxState source, SeenMessage left)
    {
        var headers = await account.Headers.ReadAsync(source.Counter, source.Path, source.UidValidity, [left.Uid], CancellationToken.None);
        return headers.TryGetValue(left.Uid, out var known) ? new NewMessage(left, known) : null;
    }

    /// <param name="NewUid">By COPYUID; null where the server does not tell.</param>
    /// <param name="Left">The original, where it could not be expunged.</param>
    private sealed record Outcome(bool Gone, uint? NewUid, SeenMessage? Left);

    private static async Task<Outcome> MoveAsync(ImapSession session, MailboxState source, MailboxState target, uint uid)
    {
        var folder = await session.SelectAsync(source.Path, write: true, source.UidValidity, uid);
        var destination = await session.Client.GetFolderAsync(target.Path);
        var id = new UniqueId(folder.UidValidity, uid);
        if (await MailboxLook.FlagsOfAsync(session, folder, uid) is null)
        {
            return new Outcome(Gone: true, null, null);
        }
        if (session.Capabilities.HasFlag(ImapCapabilities.Move))
        {
            return new Outcome(false, NewUid(await folder.MoveToAsync([id], destination), target), null);
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

    /// <summary>A COPYUID of another UIDVALIDITY than the target's is of no use: the next look indexes the target anew.</summary>
    private static uint? NewUid(UniqueIdMap map, MailboxState target) =>
        map.Destination is [var uid, ..] && (uid.Validity == 0 || uid.Validity == target.UidValidity) ? uid.Id : null;
}
