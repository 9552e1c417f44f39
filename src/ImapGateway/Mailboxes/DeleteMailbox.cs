using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;
using MailKit.Net.Imap;

namespace ImapGateway.Mailboxes;

/// <summary>
/// Deletes a mailbox (RFC 3501 section 6.3.4), with its messages only if <paramref name="Force"/> is set. A mailbox with others below it is refused: each of them is deleted
/// by itself, so that one request cannot delete a whole tree.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record DeleteMailbox(MailboxRef Mailbox, bool Force) : AccountCommand<bool>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string Target => Mailbox.ToString();

    public override async Task<bool> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailbox = await account.Mailboxes.Tree.ResolveAsync(Mailbox, cancel);
        await ReadMailbox.DemandAsync(account, mailbox, When, cancel);
        if (mailbox.Listed.IsInbox)
        {
            throw new ProblemException(ErrorCode.Unprocessable, "The inbox cannot be deleted.");
        }
        return await account.Mailboxes.AloneAsync(
            [mailbox],
            async () =>
            {
                await account.Mailboxes.Rights.DemandAsync(mailbox, [MailboxRights.DeleteMailbox], cancel);
                await account.Mailboxes.Tree.RemoveAsync(mailbox, () => DeleteAsync(account, mailbox, cancel), cancel);
                return true;
            },
            cancel);
    }

    private async Task DeleteAsync(AccountContext account, MailboxState mailbox, CancellationToken cancel)
    {
        if ((await MailboxNames.ReadAsync(account, cancel)).HasBelow(mailbox.Path))
        {
            throw new ProblemException(ErrorCode.Conflict, "There are mailboxes below this one. Delete or move them first.");
        }
        if (!Force && mailbox.Listed.Selectable)
        {
            var (counters, problem) = await account.Pool.RunAsync(null, repeatable: true, session => MailboxListing.CountAsync(session, mailbox.Path), cancel);
            if (counters is not { Total: 0 })
            {
                throw problem is not null ? new ProblemException(problem) : new ProblemException(ErrorCode.Conflict, $"There are {counters?.Total} messages in the mailbox. With ?force=true they are deleted with it.");
            }
        }
        cancel.ThrowIfCancellationRequested();
        account.Pool.Retire(selected => selected == mailbox.Path);
        await account.Pool.RunAsync(null, repeatable: false, session => DeleteAsync(session, mailbox.Listed), CancellationToken.None);
    }

    private static async Task<bool> DeleteAsync(ImapSession session, ListedMailbox mailbox)
    {
        await session.UnselectAsync();
        var folder = await session.FolderAsync(mailbox.Path);
        if (folder.IsNamespace)
        {
            throw new ProblemException(ErrorCode.Unprocessable, "The root of a namespace cannot be deleted.");
        }
        await folder.DeleteAsync();
        if (mailbox.Subscribed)
        {
            await UnsubscribeAsync(folder);
        }
        return true;
    }

    /// <summary>Unsubscribes. Servers keep subscriptions to names that are gone (RFC 3501 section 6.3.6).</summary>
    private static async Task UnsubscribeAsync(ImapFolder folder)
    {
        try
        {
            await folder.UnsubscribeAsync();
        }
        catch (ImapCommandException)
        {
            // The server has removed it already.
        }
    }
}
