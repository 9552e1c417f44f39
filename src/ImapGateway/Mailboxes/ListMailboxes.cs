using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>All mailboxes of an account with their counters, by path.</summary>
[GenerateSerializer, Immutable]
public sealed record ListMailboxes : AccountCommand<ImmutableArray<Mailbox>>
{
    public override async Task<ImmutableArray<Mailbox>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var all = await account.Mailboxes.ListAsync(cancel);
        return [.. all.OrderBy(mailbox => mailbox.Path, StringComparer.Ordinal).Select(mailbox => MailboxOf(mailbox, all))];
    }

    public static Mailbox MailboxOf(MailboxState mailbox, IReadOnlyCollection<MailboxState> all) => new()
    {
        Id = mailbox.Id,
        Path = mailbox.Path,
        Name = mailbox.Listed.Name,
        Delimiter = mailbox.Listed.Delimiter,
        ParentId = mailbox.Listed.ParentPath is { } parent ? all.FirstOrDefault(one => one.Path == parent)?.Id : null,
        Role = mailbox.Role,
        Subscribed = mailbox.Listed.Subscribed,
        Selectable = mailbox.Listed.Selectable,
        Total = mailbox.Listed.Counters?.Total ?? 0,
        Unseen = mailbox.Listed.Counters?.Unseen ?? 0,
        UidValidity = mailbox.Listed.Counters?.UidValidity ?? 0,
        UidNext = mailbox.Listed.Counters?.UidNext ?? 0,
        Precision = mailbox.Precision,
    };
}
