using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>All mailboxes of an account with their counters, by path; or the one at a path, if there is one.</summary>
[GenerateSerializer, Immutable]
public sealed record ListMailboxes(string? Path) : AccountCommand<Tagged<Page<Mailbox>>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override async Task<Tagged<Page<Mailbox>>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        await account.Mailboxes.ListAsync(cancel);
        var known = Known(account.Mailboxes);
        var tag = When.Weak(EntityTags.Digest(string.Join('\n', known)));
        return new Tagged<Page<Mailbox>>(tag, When.Has(tag) ? null : new Page<Mailbox>(known, null, account.Mailboxes.FeedPosition));
    }

    private ImmutableArray<Mailbox> Known(AccountMailboxes mailboxes)
    {
        var byPath = mailboxes.ByPath();
        if (Path is not null)
        {
            return mailboxes.AtPath(Path) is { } one ? [MailboxOf(one, byPath)] : [];
        }
        return [.. byPath.Values.OrderBy(mailbox => mailbox.Path, StringComparer.Ordinal).Select(mailbox => MailboxOf(mailbox, byPath))];
    }

    /// <summary>A parent that LIST does not show is none: <c>parentId</c> is null.</summary>
    public static Mailbox MailboxOf(MailboxState mailbox, IReadOnlyDictionary<string, MailboxState> byPath) => new()
    {
        Id = mailbox.Id,
        Path = mailbox.Path,
        Name = mailbox.Listed.Name,
        Delimiter = mailbox.Listed.Delimiter,
        ParentId = mailbox.Listed.ParentPath is { } parent ? byPath.GetValueOrDefault(parent)?.Id : null,
        Role = mailbox.Role,
        Subscribed = mailbox.Listed.Subscribed,
        Selectable = mailbox.Listed.Selectable,
        Total = mailbox.Listed.Counters is { Total: var total } ? mailbox.Shown(total) : 0,
        Unseen = mailbox.Listed.Counters is { Unseen: var unseen } ? mailbox.ShownUnseen(unseen) : 0,
        UidValidity = mailbox.Listed.Counters?.UidValidity ?? 0,
        UidNext = mailbox.Listed.Counters?.UidNext ?? 0,
        Precision = mailbox.Precision,
    };
}
