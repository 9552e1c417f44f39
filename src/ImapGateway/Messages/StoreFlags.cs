using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Sync;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Messages;

/// <summary>Adds, removes or sets flags of one message (RFC 3501 section 6.4.6).</summary>
/// <param name="Set">Not default: exactly these, and <paramref name="Add"/> and <paramref name="Remove"/> are empty.</param>
[GenerateSerializer, Immutable]
public sealed record StoreFlags(string Id, ImmutableArray<string> Add, ImmutableArray<string> Remove, ImmutableArray<string> Set) : AccountCommand<Message>
{
    public override string? Target => Id;

    public override async Task<Message> RunAsync(AccountContext account, CancellationToken cancel)
    {
        await account.Mailboxes.AloneWithAsync(Id, null, (mailbox, row) => StoreAsync(account, mailbox, row, cancel), cancel);
        return await GetMessage.ReadAsync(account, Id, cancel);
    }

    private async Task<bool> StoreAsync(AccountContext account, MailboxState mailbox, IndexRow row, CancellationToken cancel)
    {
        // Setting flags twice is as good as once.
        var stored = await account.Pool.RunAsync(mailbox.Path, repeatable: true, session => StoreAsync(session, mailbox, row.Uid), cancel);
        if (stored is not { } seen)
        {
            await account.Mailboxes.CommitAsync(new MailboxWrite(mailbox) { Removed = [row.Uid] });
            throw new ProblemException(ErrorCode.Gone, "The message is gone.");
        }
        await account.Mailboxes.CommitAsync(new MailboxWrite(mailbox) { Changed = [seen] });
        return true;
    }

    /// <returns>The flags the message has now; null where it is gone.</returns>
    private async Task<SeenMessage?> StoreAsync(ImapSession session, MailboxState mailbox, uint uid)
    {
        var folder = await session.SelectAsync(mailbox.Path, write: true, mailbox.UidValidity, uid);
        DemandPermanent(folder, Set.IsDefault ? Add.Concat(Remove) : Set);
        var id = new UniqueId(folder.UidValidity, uid);
        if (!Set.IsDefault)
        {
            await folder.StoreAsync(id, Request(StoreAction.Set, Set));
        }
        if (Add.Length > 0)
        {
            await folder.StoreAsync(id, Request(StoreAction.Add, Add));
        }
        if (Remove.Length > 0)
        {
            await folder.StoreAsync(id, Request(StoreAction.Remove, Remove));
        }
        return await MailboxLook.FlagsOfAsync(session, folder, uid);
    }

    private static StoreFlagsRequest Request(StoreAction action, ImmutableArray<string> names)
    {
        var (flags, keywords) = FlagMapping.ToImap(names);
        return new StoreFlagsRequest(action, flags, new HashSet<string>(keywords)) { Silent = true };
    }

    /// <summary>A flag outside PERMANENTFLAGS (RFC 3501 section 7.1) would be forgotten with the session.</summary>
    private static void DemandPermanent(ImapFolder folder, IEnumerable<string> names)
    {
        var anyKeyword = folder.PermanentFlags.HasFlag(MessageFlags.UserDefined);
        var refused = names.Where(name => FlagMapping.SystemFlag(name) is var flag && flag != MessageFlags.None
            ? !folder.PermanentFlags.HasFlag(flag)
            : !anyKeyword && !folder.PermanentKeywords.Contains(name, StringComparer.OrdinalIgnoreCase)).ToList();
        if (refused.Count > 0)
        {
            throw new ProblemException(new Problem(
                ErrorCode.Unprocessable,
                $"The mail server does not keep {string.Join(", ", refused)} in this mailbox.",
                [.. refused.Select(name => new ProblemError($"{name} is not among the mailbox's PERMANENTFLAGS.", "/flags"))]));
        }
    }
}
