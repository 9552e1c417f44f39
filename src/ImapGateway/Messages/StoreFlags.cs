using System.Collections.Immutable;
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
/// Adds, removes or sets flags of one message (RFC 3501 section 6.4.6). If-Match becomes UNCHANGEDSINCE if the server has CONDSTORE (RFC 7162 section 3.1.3), so that
/// no client can change them between the check and the STORE; otherwise they are fetched right before it.
/// </summary>
/// <param name="Set">The flags that the message has afterwards; unless it is default, <paramref name="Add"/> and <paramref name="Remove"/> are empty.</param>
[GenerateSerializer, Immutable]
public sealed record StoreFlags(string Id, ImmutableArray<string> Add, ImmutableArray<string> Remove, ImmutableArray<string> Set) : AccountCommand<Tagged<Message>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string? Target => Id;

    public override async Task<Tagged<Message>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        await account.Mailboxes.AloneWithAsync(Id, null, (mailbox, row) => StoreAsync(account, mailbox, row, cancel), cancel);
        return await GetMessage.ReadAsync(account, Id, When.Afterwards, cancel);
    }

    private async Task<bool> StoreAsync(AccountContext account, MailboxState mailbox, IndexRow row, CancellationToken cancel)
    {
        When.Demand(AccountMailboxes.StateOf(mailbox, row));
        await account.Mailboxes.Rights.DemandAsync(mailbox, [.. Changed(row.Flags).Select(MailboxRights.ToChange).Distinct()], cancel);
        // Setting flags twice has the same result as once; but the first attempt can make the condition fail in the second.
        var (now, stored) = await account.Pool.RunAsync(mailbox.Path, repeatable: !When.DemandsState, session => StoreAsync(session, mailbox, row), cancel);
        if (now is not { } seen)
        {
            await account.Mailboxes.CommitAsync(new MailboxWrite(mailbox) { Removed = [row.Uid] });
            throw new ProblemException(Problem.MessageGone);
        }
        await account.Mailboxes.CommitAsync(new MailboxWrite(mailbox) { Changed = [seen] });
        return stored ? true : throw Conditions.Failed();
    }

    /// <summary>Returns the flags that must change, by the known state.</summary>
    private IEnumerable<string> Changed(Flags known) => Set.IsDefault
        ? Add.Concat(Remove)
        : Set.Where(name => !known.Contains(name)).Concat(known.Where(name => !Set.Contains(name, StringComparer.OrdinalIgnoreCase)));

    /// <returns>The flags that the message has now, null if it is gone; and whether anything was stored.</returns>
    private async Task<(SeenMessage? Now, bool Stored)> StoreAsync(ImapSession session, MailboxState mailbox, IndexRow row)
    {
        var folder = await session.SelectAsync(mailbox.Path, write: true, mailbox.UidValidity, row.Uid);
        DemandPermanent(folder, Set.IsDefault ? Add.Concat(Remove) : Set);
        if (When.DemandsState)
        {
            // There is one step alone: it does all or nothing.
            var (only, flags) = Steps(row.Flags).Single();
            return await ConditionalStore.RunAsync(session, folder, new SeenMessage(row.Uid, row.Flags, row.ModSeq), Request(only, flags));
        }
        foreach (var (action, names) in Steps(null))
        {
            await folder.StoreAsync(new UniqueId(folder.UidValidity, row.Uid), Request(action, names));
        }
        return (await MailboxLook.FlagsOfAsync(session, folder, row.Uid), true);
    }

    /// <param name="known">The flags that the message has unless the condition fails, and then there is one step; null: there is no condition.</param>
    private IEnumerable<(StoreAction Action, ImmutableArray<string> Names)> Steps(Flags? known)
    {
        if (!Set.IsDefault)
        {
            yield return (StoreAction.Set, Set);
        }
        else if (known is not null && Add.Length > 0 && Remove.Length > 0)
        {
            yield return (StoreAction.Set, [.. known.With(Add).Without(Remove)]);
        }
        else
        {
            if (Add.Length > 0)
            {
                yield return (StoreAction.Add, Add);
            }
            if (Remove.Length > 0)
            {
                yield return (StoreAction.Remove, Remove);
            }
        }
    }

    private static StoreFlagsRequest Request(StoreAction action, ImmutableArray<string> names)
    {
        var (flags, keywords) = FlagMapping.ToImap(names);
        return new StoreFlagsRequest(action, flags, new HashSet<string>(keywords)) { Silent = true };
    }

    /// <summary>Refuses flags outside PERMANENTFLAGS (RFC 3501 section 7.1), which the server would forget with the session.</summary>
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
