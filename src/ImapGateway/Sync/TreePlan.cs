using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The effect of a new list of mailboxes on the known ones, and the changes that are reported. It has no side effects.</summary>
/// <param name="States">All mailboxes that exist.</param>
/// <param name="Changed">The mailboxes that must be written.</param>
public sealed record TreePlan(IReadOnlyList<ListedWrite> States, IReadOnlyList<ListedWrite> Changed, IReadOnlyList<Change> Changes)
{
    /// <param name="roles">The roles by path, or null if they do not change.</param>
    /// <param name="proofs">The proofs by path, of mailboxes that were opened.</param>
    /// <param name="first">True if the account was never listed before: what exists is not new.</param>
    /// <param name="knows">True if the mailbox is still known.</param>
    /// <param name="mint">Makes a mailbox with an id of its own.</param>
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

    /// <summary>Returns the baseline of a new mailbox. Messages in a new mailbox of the account's own are new; a mailbox of another user that has become visible has always been as it is.</summary>
    private static uint? FirstBaseline(ListedMailbox seen, bool first) => !first && seen.Personal ? 0 : seen.Counters is { UidNext: > 0 and var next } ? next : null;

    /// <summary>Returns the baseline of a known mailbox. If it was deleted and created again before it was ever read, all messages in it are new.</summary>
    private static uint? BaselineOf(MailboxState mailbox, ListedMailbox seen) =>
        mailbox.UidValidity == 0 && mailbox.ResetReason is null && mailbox.Listed.Counters is { UidValidity: > 0 and var before } && seen.Counters is { UidValidity: > 0 and var now } && before != now
            ? 0 : mailbox.Baseline;

    private static ListedMailbox Stored(ListedMailbox mailbox) => mailbox with { Counters = null, Problem = null, SpecialUse = null, Personal = true };
}
