using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Imap;
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
        var stale = await account.Mailboxes.TreeReadyAsync(When.Freshness, cancel);
        var holdsAt = account.Mailboxes.TreeHoldsAt;
        var known = Known(account.Mailboxes, stale is not null);
        var tag = When.Weak(EntityTags.Digest(string.Join('\n', known)));
        return new Tagged<Page<Mailbox>>(tag, When.Has(tag) ? null : new Page<Mailbox>(known, null, account.Mailboxes.FeedPosition)) { StaleSince = stale, HoldsAt = holdsAt };
    }

    private ImmutableArray<Mailbox> Known(AccountMailboxes mailboxes, bool isStale)
    {
        var byPath = mailboxes.ByPath();
        if (Path is not null)
        {
            return mailboxes.AtPath(Path) is { } one ? [Of(one)] : [];
        }
        return [.. byPath.Values.OrderBy(mailbox => mailbox.Path, StringComparer.Ordinal).Select(Of)];

        Mailbox Of(MailboxState mailbox) => MailboxOf(mailbox, byPath, mailboxes.CountersOf(mailbox, isStale));
    }

    /// <summary>A parent that LIST does not show is none: <c>parentId</c> is null.</summary>
    public static Mailbox MailboxOf(MailboxState mailbox, IReadOnlyDictionary<string, MailboxState> byPath, MailboxCounters? counters) => new()
    {
        Id = mailbox.Id,
        Path = mailbox.Path,
        Name = mailbox.Listed.Name,
        Delimiter = mailbox.Listed.Delimiter,
        ParentId = mailbox.Listed.ParentPath is { } parent ? byPath.GetValueOrDefault(parent)?.Id : null,
        Role = mailbox.Role,
        Subscribed = mailbox.Listed.Subscribed,
        Selectable = mailbox.Listed.Selectable,
        Total = counters?.Total ?? 0,
        Unseen = counters?.Unseen ?? 0,
        UidValidity = counters?.UidValidity ?? 0,
        UidNext = counters?.UidNext ?? 0,
        Precision = mailbox.Precision,
    };
}
