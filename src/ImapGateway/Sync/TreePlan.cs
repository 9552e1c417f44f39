using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>What a new list of mailboxes makes of those that are known, and what is told of it. Pure.</summary>
/// <param name="States">All that are there.</param>
/// <param name="Changed">Those that have to be written.</param>
public sealed record TreePlan(IReadOnlyList<ListedWrite> States, IReadOnlyList<ListedWrite> Changed, IReadOnlyList<Change> Changes)
{
    /// <param name="roles">By path; null: as they are.</param>
    /// <param name="proofs">By path, of mailboxes that were looked into.</param>
    /// <param name="first">The account was never listed before: what is there is no news.</param>
    /// <param name="knows">Whether the mailbox is known still.</param>
    /// <param name="mint">A mailbox with an id of its own.</param>
    public static TreePlan Of(
        MailboxTreeDelta delta,
        IReadOnlyDictionary<string, Role>? roles,
        IReadOnlyDictionary<string, MailboxProof>? proofs,
        bool first,
        Func<MailboxState, bool> knows,
        Func<ListedMailbox, MailboxState> mint)
    {
        Role? RoleOf(MailboxState mailbox, string path) => roles is null ? mailbox.Role : roles.TryGetValue(path, out var role) ? role : null;
        var kept = delta.Kept.Where(pair => knows(pair.Known))
            .Select(pair => new ListedWrite(pair.Known, pair.Seen, RoleOf(pair.Known, pair.Seen.Path), ObjectIdOf(pair.Known, pair.Seen, proofs), BaselineOf(pair.Known, pair.Seen))).ToList();
        var added = delta.Added.Select(seen => (Mailbox: mint(seen), Seen: seen))
            .Select(pair => new ListedWrite(pair.Mailbox, pair.Seen, RoleOf(pair.Mailbox, pair.Seen.Path), ObjectIdOf(pair.Mailbox, pair.Seen, proofs), FirstBaseline(pair.Seen, first))).ToList();
        var changes = new List<Change>();
        foreach (var (mailbox, seen, role, _, _) in kept.Where(one => one.Mailbox.Path != one.Seen.Path))
        {
            changes.Add(new MailboxRenamed(mailbox.Id, seen.Path, mailbox.Path, role) { At = new ChangePlace(mailbox.Counter, role) });
        }
        foreach (var mailbox in delta.Removed.Where(knows))
        {
            changes.Add(new MailboxRemoved(mailbox.Id, mailbox.Path, mailbox.Role) { At = new ChangePlace(mailbox.Counter, mailbox.Role) });
        }
        foreach (var (mailbox, seen, role, _, _) in first ? [] : added)
        {
            changes.Add(new MailboxAdded(mailbox.Id, seen.Path, role) { At = new ChangePlace(mailbox.Counter, role) });
        }
        var changed = kept.Where(one => one.Mailbox.Role != one.Role || one.Mailbox.ObjectId != one.ObjectId || one.Mailbox.Baseline != one.Baseline || Stored(one.Mailbox.Listed) != Stored(one.Seen));
        return new TreePlan([.. kept, .. added], [.. changed, .. added], changes);
    }

    private static string? ObjectIdOf(MailboxState mailbox, ListedMailbox seen, IReadOnlyDictionary<string, MailboxProof>? proofs) =>
        proofs?.GetValueOrDefault(seen.Path)?.ObjectId ?? mailbox.ObjectId;

    /// <summary>What is in a mailbox of the account's own that was not there before is new; a mailbox of others that has become visible was always as it is.</summary>
    private static uint? FirstBaseline(ListedMailbox seen, bool first) => !first && seen.Personal ? 0 : seen.Counters is { UidNext: > 0 and var next } ? next : null;

    /// <summary>Deleted and made anew before anybody has looked into it: all that is in it is new.</summary>
    private static uint? BaselineOf(MailboxState mailbox, ListedMailbox seen) =>
        mailbox.UidValidity == 0 && mailbox.ResetReason is null && mailbox.Listed.Counters is { UidValidity: > 0 and var before } && seen.Counters is { UidValidity: > 0 and var now } && before != now
            ? 0 : mailbox.Baseline;

    private static ListedMailbox Stored(ListedMailbox mailbox) => mailbox with { Counters = null, Problem = null, SpecialUse = null, Personal = true };
}
