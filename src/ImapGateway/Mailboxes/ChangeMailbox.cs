using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;
using MailKit.Net.Imap;

namespace ImapGateway.Mailboxes;

/// <summary>
/// Renames, moves (RFC 3501 section 6.3.5), subscribes and unsubscribes a mailbox. The ids of the mailbox, of its messages and of everything below it stay the same;
/// subscriptions, which IMAP stores by name, are moved along.
/// </summary>
/// <param name="Path">The new path; not together with name and parent.</param>
/// <param name="Name">The new name; null: it stays.</param>
/// <param name="Parent">The new parent; null: it stays, unless <paramref name="ToTop"/>.</param>
[GenerateSerializer, Immutable]
public sealed record ChangeMailbox(MailboxRef Mailbox, string? Path, string? Name, MailboxRef? Parent, bool ToTop, bool? Subscribed) : AccountCommand<Tagged<Mailbox>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string Target => Mailbox.ToString();

    public override async Task<Tagged<Mailbox>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailbox = await account.Mailboxes.Tree.ResolveAsync(Mailbox, cancel);
        await ReadMailbox.DemandAsync(account, mailbox, When, cancel);
        if (Path is not null || Name is not null || Parent is not null || ToTop)
        {
            await MoveAsync(account, mailbox, cancel);
        }
        if (Subscribed is { } subscribed && subscribed != mailbox.Listed.Subscribed)
        {
            await account.Mailboxes.Tree.ChangeAsync(() => SubscribeAsync(account, mailbox, subscribed, cancel), cancel);
        }
        return await ReadMailbox.AnswerAsync(account, mailbox, When);
    }

    private static Task<MailboxRenaming?> SubscribeAsync(AccountContext account, MailboxState mailbox, bool subscribed, CancellationToken cancel) =>
        account.Pool.RunAsync<MailboxRenaming?>(
            null,
            repeatable: true,
            async session =>
            {
                var folder = await session.FolderAsync(mailbox.Path);
                await (subscribed ? folder.SubscribeAsync() : folder.UnsubscribeAsync());
                return null;
            },
            cancel);

    private async Task MoveAsync(AccountContext account, MailboxState mailbox, CancellationToken cancel)
    {
        if (mailbox.Listed.IsInbox)
        {
            // RENAME INBOX (RFC 3501 section 6.3.5) would move its messages and leave an empty INBOX behind.
            throw new ProblemException(ErrorCode.Unprocessable, "The inbox cannot be renamed or moved.");
        }
        var place = new MailboxPlace(Path, Name ?? mailbox.Listed.Name, Parent);
        var parent = Parent is null && !ToTop && mailbox.Listed.ParentPath is { } above ? account.Mailboxes.AtPath(above) : await place.ParentAsync(account, cancel);
        if (Path is null && Parent is null && !ToTop && parent is null && mailbox.Listed.ParentPath is { } unlisted)
        {
            // LIST does not show the parent: only the name changes.
            place = place with { Path = unlisted + mailbox.Listed.Delimiter + Name };
        }
        await account.Mailboxes.AloneAsync(
            account.Mailboxes.All.Where(one => one == mailbox || one.Listed.IsBelow(mailbox.Listed)).ToList(), () => MoveAsync(account, mailbox, place, parent, cancel), cancel);
    }

    private static async Task<bool> MoveAsync(AccountContext account, MailboxState mailbox, MailboxPlace place, MailboxState? parent, CancellationToken cancel)
    {
        await account.Mailboxes.Tree.ChangeAsync(
            async () =>
            {
                var names = await MailboxNames.ReadAsync(account, cancel);
                var from = mailbox.Listed;
                var path = names.Free(place, parent, from.Path);
                if (path == from.Path)
                {
                    return null;
                }
                if (names.Delimiter is { } delimiter && path.StartsWith(from.Path + delimiter, StringComparison.Ordinal))
                {
                    throw new ProblemException(ErrorCode.Unprocessable, "A mailbox cannot be moved below itself.");
                }
                await account.Mailboxes.Rights.DemandAsync(mailbox, [MailboxRights.DeleteMailbox], cancel);
                await account.Mailboxes.Rights.DemandCreateAsync(path, names.Delimiter, cancel);
                cancel.ThrowIfCancellationRequested();
                var renaming = new MailboxRenaming(from.Path, path, from.Delimiter);
                var subscribed = account.Mailboxes.All.Select(one => one.Listed).Where(one => one.Subscribed && (one == from || one.IsBelow(from))).Select(one => one.Path).ToList();
                var known = account.Mailboxes.Tree.Kept(renaming);
                account.Pool.Retire(selected => renaming.PathNow(selected) != selected);
                return await account.Pool.RunAsync(null, repeatable: false, session => RenameAsync(session, names, renaming, subscribed, known), CancellationToken.None);
            },
            cancel);
        return true;
    }

    private static async Task<MailboxRenaming?> RenameAsync(ImapSession session, MailboxNames names, MailboxRenaming renaming, IReadOnlyList<string> subscribed, ListingLimit.Known known)
    {
        await session.UnselectAsync();
        var (above, name) = await names.AboveAsync(session, renaming.To);
        var folder = await session.FolderAsync(renaming.From);
        if (folder.IsNamespace)
        {
            throw new ProblemException(ErrorCode.Unprocessable, "The root of a namespace cannot be renamed or moved.");
        }
        // The old names are unsubscribed while they exist: MailKit cannot unsubscribe from a name that LIST does not show.
        await SubscribeAsync(session, subscribed, false);
        try
        {
            await folder.RenameAsync(above, name);
        }
        catch (ImapCommandException)
        {
            await SubscribeAsync(session, subscribed, true);
            throw;
        }
        if (MailboxText.MayBeRespelt(renaming.To))
        {
            var now = await MailboxListing.NamesAsync(session, known);
            renaming = renaming with { To = names.Spelling(now.Select(one => one.Path), renaming.To) ?? renaming.To };
        }
        await SubscribeAsync(session, subscribed.Select(renaming.PathNow), true);
        return renaming;
    }

    private static async Task SubscribeAsync(ImapSession session, IEnumerable<string> paths, bool subscribe)
    {
        foreach (var path in paths)
        {
            try
            {
                var folder = await session.FolderAsync(path);
                await (subscribe ? folder.SubscribeAsync() : folder.UnsubscribeAsync());
            }
            catch (Exception e) when (e is ImapCommandException or MailKit.FolderNotFoundException)
            {
                // A subscription that cannot be moved does not prevent the rename; the response shows the result.
            }
        }
    }
}
