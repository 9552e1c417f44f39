using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>
/// Assigns roles to mailboxes: each role once, and only among the account's own mailboxes. What the server reports (SPECIAL-USE, RFC 6154, or XLIST) has priority
/// over a name, a mailbox at the top (or right below the inbox) over one further down, and a usual name over a rare one.
/// </summary>
public static class Roles
{
    /// <returns>The roles by path.</returns>
    public static IReadOnlyDictionary<string, Role> Assign(IReadOnlyList<ListedMailbox> mailboxes)
    {
        var roles = new Dictionary<string, Role>(StringComparer.Ordinal);
        var taken = new HashSet<Role>();
        void Give(ListedMailbox mailbox, Role role)
        {
            if (!roles.ContainsKey(mailbox.Path) && taken.Add(role))
            {
                roles[mailbox.Path] = role;
            }
        }

        foreach (var inbox in mailboxes.Where(mailbox => mailbox.IsInbox))
        {
            Give(inbox, Role.Inbox);
        }
        var own = mailboxes.Where(mailbox => mailbox.Personal && mailbox.Selectable && !mailbox.IsInbox).OrderBy(Depth).ThenBy(mailbox => mailbox.Path, StringComparer.Ordinal).ToList();
        foreach (var mailbox in own)
        {
            if (mailbox.SpecialUse is { } role and not Role.Inbox)
            {
                Give(mailbox, role);
            }
        }
        foreach (var (mailbox, named) in own.Select(mailbox => (mailbox, Named: RoleNames.Find(mailbox.Name))).Where(pair => pair.Named is not null)
            .OrderBy(pair => Depth(pair.mailbox)).ThenBy(pair => pair.Named!.Value.Rank))
        {
            Give(mailbox, named!.Value.Role);
        }
        return roles;
    }

    private static int Depth(ListedMailbox mailbox)
    {
        if (mailbox.Delimiter is not { Length: > 0 } delimiter)
        {
            return 0;
        }
        var levels = mailbox.Path.Split(delimiter);
        return levels.Length - (levels.Length > 1 && levels[0].Equals("INBOX", StringComparison.OrdinalIgnoreCase) ? 2 : 1);
    }
}
