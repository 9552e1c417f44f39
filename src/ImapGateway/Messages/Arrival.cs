using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>Finds a message that was just copied, if the server gives no COPYUID.</summary>
public static class Arrival
{
    /// <summary>Finds the copy among the new messages of the target: same size, INTERNALDATE and Message-ID. If several match, it is the last one.</summary>
    public static async Task<uint?> FindAsync(AccountContext account, MailboxState source, MailboxState target, IndexRow row, CancellationToken cancel)
    {
        var original = await account.Headers.ReadAsync(source.Counter, source.Path, source.UidValidity, [row.Uid], cancel);
        var view = await account.Pool.RunAsync(target.Path, repeatable: true, session => MailboxLook.AtAsync(session, target.Path, target.Known, AnswerBudget.Small), cancel);
        var added = await account.Mailboxes.Refresh.AdoptAsync(target, view.UidValidity) ? MailboxDiff.Compare(target.Server, view).Added : [];
        if (added.Count == 0 || !original.TryGetValue(row.Uid, out var wanted))
        {
            return null;
        }
        var headers = await account.Headers.ReadAsync(target.Counter, target.Path, target.UidValidity, [.. added.Select(seen => seen.Uid)], cancel);
        return headers
            .Where(one => one.Value.MessageId == wanted.MessageId && one.Value.ReceivedAt == wanted.ReceivedAt && one.Value.Size == wanted.Size)
            .Select(one => (uint?)one.Key)
            .Max();
    }
}
